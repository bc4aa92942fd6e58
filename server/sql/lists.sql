-- The list of representations with their state on sites: filtered, ordered, in pages by
-- key. Text filters are LIKE patterns whose own wildcards are escaped; NULL = no filter.
--
-- Orders are of two kinds. Those by what AYON says of a representation (folder, product,
-- version, representation, id) have a key of five parts. Those by what a site says of it
-- (status, priority, changed, size) have the number and the id; what has no row on the
-- site comes last, by id, whichever the direction.

-- name: plan_for_values
-- A filter that is not used must not cost: plan for the values, not for any values.
SET LOCAL plan_cache_mode = force_custom_plan;

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

-- name: conditions
-- Every parameter of a filter occurs here, so that Postgres knows its type; those of
-- $12 and beyond are used by the fragments `with_*` and by the orders.
WHERE ($11::boolean OR r.active)
    AND ($1::text[] IS NULL OR h.path LIKE ANY ($1::text[]))
    AND ($2::text[] IS NULL
        OR (h.path || '/' || p.name || '/' || r.name) ILIKE ALL ($2::text[]))
    AND ($3::text[] IS NULL OR h.path LIKE ANY ($3::text[]))
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

-- name: folder_patterns
-- LIKE patterns of the folders and of what is below them.
SELECT replace(replace(replace(h.path, '\', '\\'), '%', '\%'), '_', '\_') AS pattern
FROM {schema}.hierarchy AS h
WHERE h.id = ANY ($1::uuid[]);

-- name: total
SELECT count(*) AS total
FROM {schema}.representations AS r
{parents}
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
SELECT r.id
FROM {schema}.representations AS r
{parents}
{conditions}
{filters}
    AND r.id > $20::uuid
ORDER BY r.id
LIMIT $19;

-- name: page
-- $19 how many, beyond the key if there is one: $20 path, $21 product, $22 version,
-- $23 representation, $24 id. Files are looked at for the rows of the page only.
SELECT page.*, counted.file_count, counted.size
FROM (
    SELECT r.id, v.id AS version_id, h.path, p.name AS product, p.product_type,
        v.version, r.name AS representation, r.files, NULL::bigint AS key
    FROM {schema}.representations AS r
    {parents}
    {conditions}
    {filters}
    {from_key}
    ORDER BY {order}
    LIMIT $19
) AS page
{sizes}
ORDER BY {page_order};

-- name: page_on_site
-- The rows of site $18 in the order of a number of its row.
-- $20 number, $21 id of the key.
SELECT page.*, counted.file_count, counted.size
FROM (
    SELECT r.id, v.id AS version_id, h.path, p.name AS product, p.product_type,
        v.version, r.name AS representation, r.files, {key} AS key
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
{sizes}
ORDER BY {page_order};

-- name: page_off_site
-- What has no row on site $18, or one that nobody has counted yet; $20 id of the key.
SELECT page.*, counted.file_count, counted.size
FROM (
    SELECT r.id, v.id AS version_id, h.path, p.name AS product, p.product_type,
        v.version, r.name AS representation, r.files, NULL::bigint AS key
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
{sizes}
ORDER BY {page_order};

-- name: sizes
CROSS JOIN LATERAL (
    SELECT count(*) AS file_count, coalesce(sum(
        CASE WHEN jsonb_typeof(file -> 'size') = 'number'
        THEN greatest((file ->> 'size')::numeric, 0) ELSE 0 END
    ), 0)::bigint AS size
    FROM jsonb_array_elements(
        CASE WHEN jsonb_typeof(page.files) = 'array' THEN page.files ELSE '[]' END
    ) AS items (file)
) AS counted
