-- The list of representations with their state on sites: filtered, ordered, in pages by
-- key. Text filters are LIKE patterns whose own wildcards are escaped; NULL = no filter.
--
-- Orders are of two kinds. Those by what AYON says of a representation (folder, product,
-- version, representation, id) have a key of five parts. Those by what a site says of it
-- (status, priority, changed, size) have the number and the id; what has no row on the
-- site comes last, by id, whichever the direction.
--
-- Of a key that is compared, Postgres estimates the first part only. Products, versions
-- and names have few values, so that it would expect nothing after the last one, and
-- choose a plan for nothing: `|| ''` and `+ 0` keep it from guessing. What is compared
-- twice, first without its last parts, drops rows before more is looked up for them.

-- name: plan_for_values
-- A filter that is not used must not cost: plan for the values, not for any values.
-- Compiling a plan takes longer than most of these queries.
SELECT set_config('plan_cache_mode', 'force_custom_plan', TRUE),
    set_config('jit', 'off', TRUE);

-- name: plan_for_products
-- Sorting a hundred thousand products is worth a second process.
SELECT set_config('plan_cache_mode', 'force_custom_plan', TRUE),
    set_config('jit', 'off', TRUE),
    set_config('parallel_tuple_cost', '0.01', TRUE);

-- name: plan_for_few
-- A small page of everything, in the order of an index: what parents were found already
-- is not remembered. Postgres would make room for those of all rows, which takes longer
-- than looking up the parents of a few again.
SELECT set_config('plan_cache_mode', 'force_custom_plan', TRUE),
    set_config('jit', 'off', TRUE),
    set_config('enable_memoize', 'off', TRUE);

-- name: plan_for_few_on_site
-- As `plan_for_few`, with the joins as they are written, from the row of the site up:
-- thinking of others takes as long as the rest.
SELECT set_config('plan_cache_mode', 'force_custom_plan', TRUE),
    set_config('jit', 'off', TRUE),
    set_config('enable_memoize', 'off', TRUE),
    set_config('join_collapse_limit', '1', TRUE);

-- name: plan_for_ids
-- Rows of named ids are looked up one by one in what is mostly in memory.
SELECT set_config('plan_cache_mode', 'force_custom_plan', TRUE),
    set_config('jit', 'off', TRUE),
    set_config('random_page_cost', '1.1', TRUE),
    set_config('max_parallel_workers_per_gather', '0', TRUE);

-- name: parents
JOIN {schema}.versions AS v ON v.id = r.version_id AND v.active
JOIN {schema}.products AS p ON p.id = v.product_id AND p.active
JOIN {schema}.folders AS f ON f.id = p.folder_id AND f.active
JOIN {schema}.hierarchy AS h ON h.id = f.id

-- name: parents_with_inactive
JOIN {schema}.versions AS v ON v.id = r.version_id
JOIN {schema}.products AS p ON p.id = v.product_id
JOIN {schema}.folders AS f ON f.id = p.folder_id
JOIN {schema}.hierarchy AS h ON h.id = f.id

-- The products sorted first, for a list of everything in their order: it then ends after
-- the first of them. Postgres does not sort a part of a join by itself, so it would sort
-- all representations, of which there are ten times as many.

-- name: parents_by_product
JOIN {schema}.versions AS v ON v.id = r.version_id AND v.active
JOIN (
    SELECT p.id, p.name, p.product_type, p.folder_id, h.path
    FROM {schema}.products AS p
    JOIN {schema}.folders AS f ON f.id = p.folder_id AND f.active
    JOIN {schema}.hierarchy AS h ON h.id = f.id
    WHERE p.active {products}
    ORDER BY {products_in_order}
    OFFSET 0
) AS p ON p.id = v.product_id
CROSS JOIN LATERAL (SELECT p.folder_id) AS f (id)
CROSS JOIN LATERAL (SELECT p.path) AS h (path)

-- name: products_in_order
p.name, h.path

-- name: products_in_order_desc
p.name DESC, h.path DESC

-- name: products_from
AND (p.name || '', h.path) >= ($21::text, $20::text)

-- name: products_from_desc
AND (p.name || '', h.path) <= ($21::text, $20::text)

-- name: conditions
-- Every parameter of a filter occurs here, so that Postgres knows its type; those of
-- $12 and beyond are used by the fragments `with_*` and by the orders.
WHERE ($11::boolean OR r.active)
    AND ($1::text[] IS NULL OR h.path LIKE ANY ($1::text[]))
    AND ($2::text[] IS NULL
        OR (h.path || '/' || p.name || '/' || r.name) ILIKE ALL ($2::text[]))
    AND ($3::uuid[] IS NULL OR f.id = ANY ($3::uuid[]))
    AND ($4::uuid[] IS NULL OR r.id = ANY ($4::uuid[]))
    AND ($5::uuid[] IS NULL OR p.id = ANY ($5::uuid[]))
    AND ($6::uuid[] IS NULL OR v.id = ANY ($6::uuid[]))
    AND ($7::text[] IS NULL OR p.product_type = ANY ($7::text[]))
    AND ($8::text[] IS NULL OR r.name = ANY ($8::text[]))
    AND ($9::integer[] IS NULL OR v.version = ANY ($9::integer[]))
    AND ($10::jsonb IS NULL OR NOT EXISTS (
        SELECT 1 FROM jsonb_each($10::jsonb) AS wanted (site_name, statuses)
        WHERE NOT wanted.statuses @> to_jsonb(coalesce((
            SELECT s.status FROM {schema}.sitesync_files_status AS s
            WHERE s.representation_id = r.id AND s.site_name = wanted.site_name
        ), -1))
    ))
    AND ($12::varchar IS NULL OR TRUE)
    AND ($13::integer[] IS NULL OR TRUE)
    AND ($14::text IS NULL OR TRUE)
    AND ($15::float8 IS NULL OR TRUE)
    AND ($16::bigint IS NULL OR TRUE)
    AND ($17::bigint IS NULL OR TRUE)
    AND ($18::varchar IS NULL OR TRUE)

-- name: with_status
-- The row of one site, where Postgres may start from.
AND EXISTS (
    SELECT 1 FROM {schema}.sitesync_files_status AS w
    WHERE w.representation_id = r.id
        AND w.site_name = $12::varchar AND w.status = ANY ($13::integer[])
)

-- name: with_errors
AND EXISTS (
    SELECT 1 FROM {schema}.sitesync_files_status AS e
    WHERE e.representation_id = r.id AND e.files_failed > 0
)

-- name: without_errors
AND NOT EXISTS (
    SELECT 1 FROM {schema}.sitesync_files_status AS e
    WHERE e.representation_id = r.id AND e.files_failed > 0
)

-- name: with_error_text
AND EXISTS (
    SELECT 1 FROM {schema}.sitesync_files_status AS e
    WHERE e.representation_id = r.id AND e.last_error ILIKE $14::text
)

-- name: with_changes
AND EXISTS (
    SELECT 1 FROM {schema}.sitesync_files_status AS c
    WHERE c.representation_id = r.id AND c.changed_at >= to_timestamp($15::float8)
)

-- name: with_size
-- What somebody has counted on any site; else the files are opened.
AND coalesce((
    SELECT max(b.bytes_total) FROM {schema}.sitesync_files_status AS b
    WHERE b.representation_id = r.id
), (
    SELECT sum(greatest((item ->> 'size')::numeric, 0))
    FROM jsonb_array_elements(
        CASE WHEN jsonb_typeof(r.files) = 'array' THEN r.files ELSE '[]' END
    ) AS items (item)
    WHERE jsonb_typeof(item -> 'size') = 'number'
), 0) BETWEEN coalesce($16::bigint, 0) AND coalesce($17::bigint, 9223372036854775807)

-- name: subtrees
-- Folders $1 and all that are below them.
WITH RECURSIVE below AS (
    SELECT f.id FROM {schema}.folders AS f WHERE f.id = ANY ($1::uuid[])
    UNION
    SELECT f.id FROM {schema}.folders AS f JOIN below ON f.parent_id = below.id
)
SELECT id FROM below;

-- name: total
SELECT count(*) AS total
FROM {schema}.representations AS r
{parents}
{conditions}
{filters};

-- name: sums
-- Files and bytes of what is listed, as the row on site $18 counts them; else as another
-- row does; only where nobody has counted are the representation's files opened.
SELECT count(*) AS total,
    coalesce(sum(coalesce(k.files_total, (
        SELECT max(o.files_total) FROM {schema}.sitesync_files_status AS o
        WHERE o.representation_id = r.id
    ), CASE WHEN jsonb_typeof(r.files) = 'array' THEN jsonb_array_length(r.files)
        ELSE 0 END)), 0)::bigint AS files,
    least(coalesce(sum(coalesce(k.bytes_total, (
        SELECT max(o.bytes_total) FROM {schema}.sitesync_files_status AS o
        WHERE o.representation_id = r.id
    ), (
        SELECT sum(greatest((item ->> 'size')::numeric, 0))
        FROM jsonb_array_elements(
            CASE WHEN jsonb_typeof(r.files) = 'array' THEN r.files ELSE '[]' END
        ) AS items (item)
        WHERE jsonb_typeof(item -> 'size') = 'number'
    ), 0)), 0), 9223372036854775807)::bigint AS bytes
FROM {schema}.representations AS r
{parents}
LEFT JOIN {schema}.sitesync_files_status AS k
    ON k.representation_id = r.id AND k.site_name = $18::varchar
    AND k.files_total IS NOT NULL
{conditions}
{filters};

-- name: estimate
EXPLAIN (FORMAT JSON)
SELECT 1
FROM {schema}.representations AS r
{parents}
{conditions}
{filters};

-- name: matching_ids
-- Ids as text: the pool converts each by itself.
SELECT replace(r.id::text, '-', '') AS id
FROM {schema}.representations AS r
{parents}
{conditions}
{filters}
    AND r.id > $20::uuid
ORDER BY r.id
LIMIT $19;

-- name: page
-- $19 how many, beyond the key if there is one: $20 path, $21 product, $22 version,
-- $23 representation, $24 id. Files are looked at for the rows of the page only. Ids as
-- text: the pool converts each by itself.
SELECT replace(page.id::text, '-', '') AS id,
    replace(version_id::text, '-', '') AS version_id,
    path, product, product_type, version, representation,
    key, file_count, size, {files} AS files
FROM (
    SELECT r.id, v.id AS version_id, h.path, p.name AS product, p.product_type,
        v.version, r.name AS representation, r.files AS all_files,
        NULL::bigint AS key
    FROM {schema}.representations AS r
    {parents}
    {conditions}
    {filters}
    {from_key}
    ORDER BY {order}
    LIMIT $19
) AS page
{sizes};

-- name: page_on_site
-- The rows of site $18 in the order of a number of its row.
-- $20 number, $21 id of the key.
SELECT replace(page.id::text, '-', '') AS id,
    replace(version_id::text, '-', '') AS version_id,
    path, product, product_type, version, representation,
    key, file_count, size, {files} AS files
FROM (
    SELECT r.id, v.id AS version_id, h.path, p.name AS product, p.product_type,
        v.version, r.name AS representation, r.files AS all_files,
        {key} AS key
    FROM {schema}.sitesync_files_status AS k
    JOIN {schema}.representations AS r ON r.id = k.representation_id
    {parents}
    {conditions}
    AND k.site_name = $18::varchar AND {is_counted}
    {filters}
    {from_key}
    ORDER BY {order}
    LIMIT $19
) AS page
{sizes};

-- name: page_off_site
-- What has no row on site $18, or one that nobody has counted yet; $20 id of the key.
SELECT replace(page.id::text, '-', '') AS id,
    replace(version_id::text, '-', '') AS version_id,
    path, product, product_type, version, representation,
    key, file_count, size, {files} AS files
FROM (
    SELECT r.id, v.id AS version_id, h.path, p.name AS product, p.product_type,
        v.version, r.name AS representation, r.files AS all_files,
        NULL::bigint AS key
    FROM {schema}.representations AS r
    {parents}
    {conditions}
    AND NOT EXISTS (
        SELECT 1 FROM {schema}.sitesync_files_status AS k
        WHERE k.representation_id = r.id AND k.site_name = $18::varchar
            AND {is_counted}
    )
    {filters}
    {from_key}
    ORDER BY {order}
    LIMIT $19
) AS page
{sizes};

-- name: sizes
-- The size as rows of sites have counted it: adding up the files of a page takes longer
-- than finding them.
CROSS JOIN LATERAL (
    SELECT CASE WHEN jsonb_typeof(all_files) = 'array' THEN jsonb_array_length(all_files)
        ELSE 0 END AS file_count,
    coalesce((
        SELECT max(b.bytes_total) FROM {schema}.sitesync_files_status AS b
        WHERE b.representation_id = page.id
    ), (
        SELECT least(sum(greatest((item ->> 'size')::numeric, 0)), 9223372036854775807)
        FROM jsonb_array_elements(
            CASE WHEN jsonb_typeof(all_files) = 'array' THEN all_files ELSE '[]' END
        ) AS items (item)
        WHERE jsonb_typeof(item -> 'size') = 'number'
    ), 0)::bigint AS size
) AS counted

-- name: with_files
-- As text: each is parsed when its turn comes. All of a page as objects would make the
-- garbage collector hold others up.
page.all_files::text

-- name: without_files
NULL::text

-- name: nothing
-- No condition.

-- name: order_folder
h.path, p.name, v.version, r.name, r.id

-- name: from_folder
AND h.path >= $20::text AND (h.path, p.name, v.version, r.name, r.id)
    > ($20::text, $21::text, $22::integer, $23::text, $24::uuid)

-- name: order_folder_desc
h.path DESC, p.name DESC, v.version DESC, r.name DESC, r.id DESC

-- name: from_folder_desc
AND h.path <= $20::text AND (h.path, p.name, v.version, r.name, r.id)
    < ($20::text, $21::text, $22::integer, $23::text, $24::uuid)

-- name: order_product
p.name, h.path, v.version, r.name, r.id

-- name: from_product
AND (p.name || '', h.path) >= ($21::text, $20::text)
    AND (p.name || '', h.path, v.version, r.name, r.id)
    > ($21::text, $20::text, $22::integer, $23::text, $24::uuid)

-- name: order_product_desc
p.name DESC, h.path DESC, v.version DESC, r.name DESC, r.id DESC

-- name: from_product_desc
AND (p.name || '', h.path) <= ($21::text, $20::text)
    AND (p.name || '', h.path, v.version, r.name, r.id)
    < ($21::text, $20::text, $22::integer, $23::text, $24::uuid)

-- name: order_version
v.version, h.path, p.name, r.name, r.id

-- name: from_version
AND (v.version + 0, h.path, p.name) >= ($22::integer, $20::text, $21::text)
    AND (v.version + 0, h.path, p.name, r.name, r.id)
    > ($22::integer, $20::text, $21::text, $23::text, $24::uuid)

-- name: order_version_desc
v.version DESC, h.path DESC, p.name DESC, r.name DESC, r.id DESC

-- name: from_version_desc
AND (v.version + 0, h.path, p.name) <= ($22::integer, $20::text, $21::text)
    AND (v.version + 0, h.path, p.name, r.name, r.id)
    < ($22::integer, $20::text, $21::text, $23::text, $24::uuid)

-- name: order_representation
r.name, h.path, p.name, v.version, r.id

-- name: from_representation
AND (r.name || '', h.path, p.name, v.version, r.id)
    > ($23::text, $20::text, $21::text, $22::integer, $24::uuid)

-- name: order_representation_desc
r.name DESC, h.path DESC, p.name DESC, v.version DESC, r.id DESC

-- name: from_representation_desc
AND (r.name || '', h.path, p.name, v.version, r.id)
    < ($23::text, $20::text, $21::text, $22::integer, $24::uuid)

-- name: order_id
r.id

-- name: from_id
AND r.id > $24::uuid
    AND ($20::text IS NULL OR TRUE) AND ($21::text IS NULL OR TRUE)
    AND ($22::integer IS NULL OR TRUE) AND ($23::text IS NULL OR TRUE)

-- name: order_id_desc
r.id DESC

-- name: from_id_desc
AND r.id < $24::uuid
    AND ($20::text IS NULL OR TRUE) AND ($21::text IS NULL OR TRUE)
    AND ($22::integer IS NULL OR TRUE) AND ($23::text IS NULL OR TRUE)

-- name: key_status
k.status::bigint

-- name: counted_status
k.changed_at IS NOT NULL

-- name: order_status
k.status, k.representation_id

-- name: from_status
AND (k.status, k.representation_id)
    > ($20::bigint, $21::uuid)

-- name: order_status_desc
k.status DESC, k.representation_id DESC

-- name: from_status_desc
AND (k.status, k.representation_id)
    < ($20::bigint, $21::uuid)

-- name: key_priority
k.priority::bigint

-- name: counted_priority
k.changed_at IS NOT NULL

-- name: order_priority
k.priority, k.representation_id

-- name: from_priority
AND (k.priority, k.representation_id)
    > ($20::bigint, $21::uuid)

-- name: order_priority_desc
k.priority DESC, k.representation_id DESC

-- name: from_priority_desc
AND (k.priority, k.representation_id)
    < ($20::bigint, $21::uuid)

-- name: key_changed
(extract(epoch FROM k.changed_at) * 1000000)::bigint

-- name: counted_changed
k.changed_at IS NOT NULL

-- name: order_changed
k.changed_at, k.representation_id

-- name: from_changed
AND (k.changed_at, k.representation_id)
    > ((timestamptz 'epoch' + $20::bigint * interval '1 microsecond'), $21::uuid)

-- name: order_changed_desc
k.changed_at DESC, k.representation_id DESC

-- name: from_changed_desc
AND (k.changed_at, k.representation_id)
    < ((timestamptz 'epoch' + $20::bigint * interval '1 microsecond'), $21::uuid)

-- name: key_size
k.bytes_total

-- name: counted_size
k.bytes_total IS NOT NULL

-- name: order_size
k.bytes_total, k.representation_id

-- name: from_size
AND (k.bytes_total, k.representation_id)
    > ($20::bigint, $21::uuid)

-- name: order_size_desc
k.bytes_total DESC, k.representation_id DESC

-- name: from_size_desc
AND (k.bytes_total, k.representation_id)
    < ($20::bigint, $21::uuid)

-- name: from_off_site
AND r.id > $20::uuid

-- name: from_off_site_desc
AND r.id < $20::uuid

-- name: anchors
-- The key of every $19th row, $20 of them at most, and how many rows there are.
SELECT *
FROM (
    SELECT r.id, h.path, p.name AS product, v.version, r.name AS representation,
        NULL::bigint AS key, count(*) OVER () AS total,
        row_number() OVER (ORDER BY {order}) AS position
    FROM {schema}.representations AS r
    {parents}
    {conditions}
    {filters}
) AS numbered
WHERE position % $19::bigint = 0 OR position = 1
ORDER BY position
LIMIT $20::bigint + 1;

-- name: anchors_on_site
-- As `anchors`, in the order of a number of the row on site $18; no row comes last.
SELECT *
FROM (
    SELECT r.id, h.path, p.name AS product, v.version, r.name AS representation,
        CASE WHEN {is_counted} THEN {key} END AS key, count(*) OVER () AS total,
        row_number() OVER (ORDER BY {order}) AS position
    FROM {schema}.representations AS r
    {parents}
    LEFT JOIN {schema}.sitesync_files_status AS k
        ON k.representation_id = r.id AND k.site_name = $18::varchar AND {is_counted}
    {conditions}
    {filters}
) AS numbered
WHERE position % $19::bigint = 0 OR position = 1
ORDER BY position
LIMIT $20::bigint + 1;

-- name: anchor_order_status
k.status NULLS LAST, r.id

-- name: anchor_order_status_desc
k.status DESC NULLS LAST, r.id DESC

-- name: anchor_order_priority
k.priority NULLS LAST, r.id

-- name: anchor_order_priority_desc
k.priority DESC NULLS LAST, r.id DESC

-- name: anchor_order_changed
k.changed_at NULLS LAST, r.id

-- name: anchor_order_changed_desc
k.changed_at DESC NULLS LAST, r.id DESC

-- name: anchor_order_size
k.bytes_total NULLS LAST, r.id

-- name: anchor_order_size_desc
k.bytes_total DESC NULLS LAST, r.id DESC

-- name: sites_of_page
-- $3 with the JSON of each row; without it only where nobody has counted yet. A removal
-- is void once the row says that something is there, or wanted.
SELECT replace(s.representation_id::text, '-', '') AS representation_id,
    s.site_name, s.status, s.priority,
    s.files_total, s.files_synced, s.files_failed, s.files_verified,
    s.bytes_total, s.bytes_done, s.last_error,
    extract(epoch FROM s.changed_at)::float8 AS changed_at,
    CASE WHEN $3::boolean OR s.files_total IS NULL THEN s.data::text END AS data,
    m.site_name IS NOT NULL AS is_removing, m.message AS removal_message
FROM {schema}.sitesync_files_status AS s
LEFT JOIN {schema}.sitesync_removals AS m
    ON m.representation_id = s.representation_id AND m.site_name = s.site_name
    AND coalesce(s.files_synced + s.files_due + s.files_failed, 0) = 0
    AND s.status = -1
WHERE s.representation_id = ANY ($1::text[]::uuid[])
    AND ($2::varchar[] IS NULL OR s.site_name = ANY ($2::varchar[]))
ORDER BY s.representation_id, s.site_name;
