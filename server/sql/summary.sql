-- What lists show. Inactive entities are left out. Text filters are LIKE patterns
-- whose own wildcards are escaped; NULL = no filter.

-- name: plan_for_values
-- A filter that is not used must not cost: plan for the values, not for any values.
SET LOCAL plan_cache_mode = force_custom_plan;

-- name: parents
JOIN {schema}.versions AS v ON v.id = r.version_id AND v.active
JOIN {schema}.products AS p ON p.id = v.product_id AND p.active
JOIN {schema}.folders AS f ON f.id = p.folder_id AND f.active
JOIN {schema}.hierarchy AS h ON h.id = f.id

-- name: params
SELECT count(*) AS count,
    coalesce(array_agg(DISTINCT r.name ORDER BY r.name), '{}') AS names
FROM {schema}.representations AS r
{parents}
WHERE r.active AND ($1::text[] IS NULL OR h.path LIKE ANY ($1::text[]));

-- name: state_page
-- The list of the existing addon: two sites side by side, pages by offset. The page is
-- found on narrow rows; files and states are read for its rows only. A status filter
-- without -1 leaves the plain column, so that Postgres can start from the status.
SELECT page.*, r.files, local.data AS local_data, remote.data AS remote_data
FROM (
    SELECT row_number() OVER (ORDER BY {order}) AS position,
        f.name AS folder, p.name AS product, v.version, r.name AS representation,
        r.id AS representation_id, v.id AS version_id,
        local.status AS local_status, remote.status AS remote_status
    FROM {schema}.representations AS r
    {parents}
    LEFT JOIN {schema}.sitesync_files_status AS local
        ON local.representation_id = r.id AND local.site_name = $1
    LEFT JOIN {schema}.sitesync_files_status AS remote
        ON remote.representation_id = r.id AND remote.site_name = $2
    WHERE r.active
        AND ($3::text[] IS NULL OR h.path LIKE ANY ($3::text[]))
        AND ($4::uuid[] IS NULL OR r.id = ANY ($4::uuid[]))
        AND ($5::varchar[] IS NULL OR r.name = ANY ($5::varchar[]))
        AND ($6::text IS NULL OR f.name ILIKE $6::text)
        AND ($7::uuid[] IS NULL OR f.id = ANY ($7::uuid[]))
        AND ($8::text IS NULL OR p.name ILIKE $8::text)
        AND ($9::integer IS NULL OR v.version = $9::integer)
        AND ($10::uuid[] IS NULL OR v.id = ANY ($10::uuid[]))
        AND ($11::integer[] IS NULL OR
            CASE WHEN -1 = ANY ($11::integer[]) THEN coalesce(local.status, -1)
            ELSE local.status END = ANY ($11::integer[]))
        AND ($12::integer[] IS NULL OR
            CASE WHEN -1 = ANY ($12::integer[]) THEN coalesce(remote.status, -1)
            ELSE remote.status END = ANY ($12::integer[]))
        AND (NOT $13::boolean
            OR (local.status IS NOT NULL AND remote.status IS NOT NULL))
    ORDER BY {order}
    LIMIT $14 OFFSET $15
) AS page
JOIN {schema}.representations AS r ON r.id = page.representation_id
LEFT JOIN {schema}.sitesync_files_status AS local
    ON local.representation_id = r.id AND local.site_name = $1
LEFT JOIN {schema}.sitesync_files_status AS remote
    ON remote.representation_id = r.id AND remote.site_name = $2
ORDER BY page.position;

-- name: state_order_folder
f.name, r.id

-- name: state_order_folder_desc
f.name DESC, r.id DESC

-- name: state_order_product
p.name, r.id

-- name: state_order_product_desc
p.name DESC, r.id DESC

-- name: state_order_version
v.version, r.id

-- name: state_order_version_desc
v.version DESC, r.id DESC

-- name: state_order_representation
r.name, r.id

-- name: state_order_representation_desc
r.name DESC, r.id DESC

-- name: state_order_localStatus
coalesce(local.status, -1), r.id

-- name: state_order_localStatus_desc
coalesce(local.status, -1) DESC, r.id DESC

-- name: state_order_remoteStatus
coalesce(remote.status, -1), r.id

-- name: state_order_remoteStatus_desc
coalesce(remote.status, -1) DESC, r.id DESC

-- name: matching
-- $1 readable paths, $2 search patterns (all must match), $3 folder ids (subtrees),
-- $4 representation ids, $5 wanted statuses by site as JSON.
FROM {schema}.representations AS r
{parents}
WHERE r.active
    AND ($1::text[] IS NULL OR h.path LIKE ANY ($1::text[]))
    AND ($2::text[] IS NULL
        OR (h.path || '/' || p.name || '/' || r.name) ILIKE ALL ($2::text[]))
    AND ($3::uuid[] IS NULL OR EXISTS (
        SELECT 1 FROM {schema}.hierarchy AS top
        WHERE top.id = ANY ($3::uuid[])
            AND (h.path = top.path OR starts_with(h.path, top.path || '/'))
    ))
    AND ($4::uuid[] IS NULL OR r.id = ANY ($4::uuid[]))
    AND ($5::jsonb IS NULL OR NOT EXISTS (
        SELECT 1 FROM jsonb_each($5::jsonb) AS wanted (site_name, statuses)
        WHERE NOT wanted.statuses @> to_jsonb(coalesce((
            SELECT s.status FROM {schema}.sitesync_files_status AS s
            WHERE s.representation_id = r.id AND s.site_name = wanted.site_name
        ), -1))
    ))

-- name: total
SELECT count(*) AS total {matching};

-- name: page
-- $6 how many. Files are looked at for the rows of the page only.
SELECT page.id, version_id, path, product, product_type, version, representation,
    file_count, size, {files} AS files
FROM (
    SELECT r.id, v.id AS version_id, h.path, p.name AS product, p.product_type,
        v.version, r.name AS representation, r.files AS all_files
    {matching}
    ORDER BY {order}
    LIMIT $6
) AS page
{sizes};

-- name: page_from
-- As `page`, beyond a key: $7 path, $8 product, $9 version, $10 representation, $11 id.
SELECT page.id, version_id, path, product, product_type, version, representation,
    file_count, size, {files} AS files
FROM (
    SELECT r.id, v.id AS version_id, h.path, p.name AS product, p.product_type,
        v.version, r.name AS representation, r.files AS all_files
    {matching}
    AND {from_key}
    ORDER BY {order}
    LIMIT $6
) AS page
{sizes};

-- name: with_files
all_files

-- name: without_files
NULL::jsonb

-- name: sizes
CROSS JOIN LATERAL (
    SELECT count(*) AS file_count, coalesce(sum(
        CASE WHEN jsonb_typeof(file -> 'size') = 'number'
        THEN greatest((file ->> 'size')::numeric, 0) ELSE 0 END
    ), 0)::bigint AS size
    FROM jsonb_array_elements(
        CASE WHEN jsonb_typeof(all_files) = 'array' THEN all_files ELSE '[]' END
    ) AS items (file)
) AS counted

-- name: order_folder
h.path, p.name, v.version, r.name, r.id

-- name: order_folder_desc
h.path DESC, p.name DESC, v.version DESC, r.name DESC, r.id DESC

-- name: from_folder
h.path >= $7::text AND (h.path, p.name, v.version, r.name, r.id)
    > ($7::text, $8::text, $9::integer, $10::text, $11::uuid)

-- name: from_folder_desc
h.path <= $7::text AND (h.path, p.name, v.version, r.name, r.id)
    < ($7::text, $8::text, $9::integer, $10::text, $11::uuid)

-- name: order_product
p.name, h.path, v.version, r.name, r.id

-- name: order_product_desc
p.name DESC, h.path DESC, v.version DESC, r.name DESC, r.id DESC

-- name: from_product
(p.name, h.path, v.version, r.name, r.id)
    > ($8::text, $7::text, $9::integer, $10::text, $11::uuid)

-- name: from_product_desc
(p.name, h.path, v.version, r.name, r.id)
    < ($8::text, $7::text, $9::integer, $10::text, $11::uuid)

-- name: order_version
v.version, h.path, p.name, r.name, r.id

-- name: order_version_desc
v.version DESC, h.path DESC, p.name DESC, r.name DESC, r.id DESC

-- name: from_version
(v.version, h.path, p.name, r.name, r.id)
    > ($9::integer, $7::text, $8::text, $10::text, $11::uuid)

-- name: from_version_desc
(v.version, h.path, p.name, r.name, r.id)
    < ($9::integer, $7::text, $8::text, $10::text, $11::uuid)

-- name: order_representation
r.name, h.path, p.name, v.version, r.id

-- name: order_representation_desc
r.name DESC, h.path DESC, p.name DESC, v.version DESC, r.id DESC

-- name: from_representation
(r.name, h.path, p.name, v.version, r.id)
    > ($10::text, $7::text, $8::text, $9::integer, $11::uuid)

-- name: from_representation_desc
(r.name, h.path, p.name, v.version, r.id)
    < ($10::text, $7::text, $8::text, $9::integer, $11::uuid)

-- name: order_id
r.id

-- name: order_id_desc
r.id DESC

-- name: from_id
(r.id, $7::text, $8::text, $9::integer, $10::text)
    > ($11::uuid, $7::text, $8::text, $9::integer, $10::text)

-- name: from_id_desc
(r.id, $7::text, $8::text, $9::integer, $10::text)
    < ($11::uuid, $7::text, $8::text, $9::integer, $10::text)

-- name: sites_of_page
-- $3 with the JSON of each row; without it only where nobody has counted yet.
SELECT s.representation_id, s.site_name, s.status, s.priority,
    s.files_total, s.files_synced, s.files_failed, s.files_verified,
    s.bytes_total, s.bytes_done, s.last_error,
    extract(epoch FROM s.changed_at)::float8 AS changed_at,
    CASE WHEN $3::boolean OR s.files_total IS NULL THEN s.data END AS data
FROM {schema}.sitesync_files_status AS s
WHERE s.representation_id = ANY ($1::uuid[])
    AND ($2::varchar[] IS NULL OR s.site_name = ANY ($2::varchar[]))
ORDER BY s.representation_id, s.site_name;

-- name: site_totals
SELECT s.site_name, s.status, count(*) AS representations,
    coalesce(sum(s.files_total), 0)::bigint AS files,
    coalesce(sum(s.files_synced), 0)::bigint AS files_synced,
    coalesce(sum(s.files_verified), 0)::bigint AS files_verified,
    coalesce(sum(s.files_failed), 0)::bigint AS files_failed,
    coalesce(sum(s.bytes_total), 0)::bigint AS bytes,
    coalesce(sum(s.bytes_done), 0)::bigint AS bytes_done
FROM {schema}.sitesync_files_status AS s
JOIN {schema}.representations AS r ON r.id = s.representation_id
{parents}
WHERE r.active AND ($1::text[] IS NULL OR h.path LIKE ANY ($1::text[]))
GROUP BY s.site_name, s.status
ORDER BY s.site_name, s.status;

-- name: machines_of_user
-- The user's own choice of sites on each of his machines, as far as he made one.
SELECT m.id,
    o.data -> 'local_setting' ->> 'active_site' AS active_site,
    o.data -> 'local_setting' ->> 'remote_site' AS remote_site,
    coalesce(m.data -> 'users' ? $1, false) AS is_registered
FROM public.sites AS m
LEFT JOIN {schema}.project_site_settings AS o
    ON o.site_id = m.id AND o.user_name = $1
        AND o.addon_name = $2 AND o.addon_version = $3
WHERE o.site_id IS NOT NULL OR m.data -> 'users' ? $1
ORDER BY m.id;
