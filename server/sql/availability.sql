-- What the loader asks: which versions and representations are on which sites.
-- $1 ids, $2 site names, $3 readable paths (LIKE patterns, NULL = all). Inactive
-- entities are left out. No JSON is opened. Ids come and go as text: the pool converts
-- each by itself, which takes longer than finding it.

-- name: versions
-- One row per version without a site (all its representations), and one per site with
-- those that are SYNCED there.
WITH readable AS (
    SELECT r.id, r.version_id
    FROM {schema}.representations AS r
    {parents}
    WHERE r.active AND r.version_id = ANY ($1::text[]::uuid[])
        AND v.id = ANY ($1::text[]::uuid[])
        AND ($3::text[] IS NULL OR h.path LIKE ANY ($3::text[]))
)
SELECT replace(version_id::text, '-', '') AS version_id, NULL::varchar AS site_name,
    count(*) AS found
FROM readable
GROUP BY version_id
UNION ALL
SELECT replace(readable.version_id::text, '-', ''), s.site_name, count(*) AS found
FROM readable
JOIN {schema}.sitesync_files_status AS s ON s.representation_id = readable.id
WHERE s.site_name = ANY ($2::varchar[]) AND s.status = 4
GROUP BY readable.version_id, s.site_name;

-- name: representations
-- With the answer's JSON of the sites that have a row, as text.
SELECT replace(r.id::text, '-', '') AS id, coalesce(json_object_agg(
    s.site_name, json_build_object(
        'status', s.status,
        'progress', CASE WHEN s.status = 4 THEN 1.0
            WHEN s.bytes_total > 0
                THEN least(coalesce(s.bytes_done, 0)::float8 / s.bytes_total, 1.0)
            ELSE 0.0 END
    )
) FILTER (WHERE s.site_name IS NOT NULL), '{}')::text AS sites
FROM {schema}.representations AS r
{parents}
LEFT JOIN {schema}.sitesync_files_status AS s
    ON s.representation_id = r.id AND s.site_name = ANY ($2::varchar[])
WHERE r.active AND r.id = ANY ($1::text[]::uuid[])
    AND ($3::text[] IS NULL OR h.path LIKE ANY ($3::text[]))
GROUP BY r.id;

-- name: parents
JOIN {schema}.versions AS v ON v.id = r.version_id AND v.active
JOIN {schema}.products AS p ON p.id = v.product_id AND p.active
JOIN {schema}.folders AS f ON f.id = p.folder_id AND f.active
JOIN {schema}.hierarchy AS h ON h.id = f.id
