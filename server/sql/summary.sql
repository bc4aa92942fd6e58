-- What lists show. Inactive entities are left out. Text filters are LIKE patterns
-- whose own wildcards are escaped; NULL = no filter.

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

-- name: site_totals
-- Everything, or what is in readable paths $1.
SELECT s.site_name, s.status, count(*) AS representations,
    coalesce(sum(s.files_total), 0)::bigint AS files,
    coalesce(sum(s.files_synced), 0)::bigint AS files_synced,
    coalesce(sum(s.files_verified), 0)::bigint AS files_verified,
    coalesce(sum(s.files_failed), 0)::bigint AS files_failed,
    least(coalesce(sum(s.bytes_total), 0), 9223372036854775807)::bigint AS bytes,
    least(coalesce(sum(s.bytes_done), 0), 9223372036854775807)::bigint AS bytes_done
FROM {schema}.sitesync_files_status AS s
JOIN {schema}.representations AS r ON r.id = s.representation_id
{parents}
WHERE r.active AND ($1::text[] IS NULL OR h.path LIKE ANY ($1::text[]))
GROUP BY s.site_name, s.status
ORDER BY s.site_name, s.status;

-- name: folder_totals
-- As `site_totals`, of the subtree of each folder of $2, and each folder's path.
SELECT top.id AS folder_id, top.path AS folder_path, totals.*
FROM {schema}.hierarchy AS top
LEFT JOIN LATERAL (
    SELECT s.site_name, s.status, count(*) AS representations,
        coalesce(sum(s.files_total), 0)::bigint AS files,
        coalesce(sum(s.files_synced), 0)::bigint AS files_synced,
        coalesce(sum(s.files_verified), 0)::bigint AS files_verified,
        coalesce(sum(s.files_failed), 0)::bigint AS files_failed,
        least(coalesce(sum(s.bytes_total), 0), 9223372036854775807)::bigint AS bytes,
        least(coalesce(sum(s.bytes_done), 0), 9223372036854775807)::bigint
            AS bytes_done
    FROM {schema}.sitesync_files_status AS s
    JOIN {schema}.representations AS r ON r.id = s.representation_id
    {parents}
    WHERE r.active AND ($1::text[] IS NULL OR h.path LIKE ANY ($1::text[]))
        AND (h.id = top.id OR starts_with(h.path, top.path || '/'))
    GROUP BY s.site_name, s.status
) AS totals ON TRUE
WHERE top.id = ANY ($2::uuid[])
ORDER BY top.path, totals.site_name, totals.status;

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
