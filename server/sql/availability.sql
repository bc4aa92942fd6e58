-- What the loader asks: which versions and representations are on which sites.
-- $1 ids, $2 site names, $3 readable paths (LIKE patterns, NULL = all). Inactive
-- entities are left out. No JSON is opened. Ids come and go as text: the pool converts
-- each by itself, which takes longer than finding it.
-- The parents of each product are looked up once, however many versions it has, and in
-- steps: planned for an unknown number of ids, a single join is ten times slower.
-- `IS TRUE` keeps what is readable in a hash table; as a join it would be walked for each
-- row.

-- name: versions
-- One row per version without a site (all its representations), and one per site with
-- those that are SYNCED there.
WITH active_versions AS MATERIALIZED (
    SELECT v.id, v.product_id
    FROM {schema}.versions AS v
    WHERE v.active AND v.id = ANY ($1::text[]::uuid[])
), {readable_products}, readable AS MATERIALIZED (
    SELECT r.id, r.version_id
    FROM active_versions AS v
    JOIN {schema}.representations AS r ON r.version_id = v.id AND r.active
    WHERE (v.product_id IN (SELECT id FROM readable_products)) IS TRUE
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
-- With the answer's JSON of the sites that have a row, as text: put together as such, as
-- objects would take longer than finding the rows.
WITH wanted AS MATERIALIZED (
    SELECT r.id, r.version_id
    FROM {schema}.representations AS r
    WHERE r.active AND r.id = ANY ($1::text[]::uuid[])
), active_versions AS MATERIALIZED (
    SELECT v.id, v.product_id
    FROM (SELECT DISTINCT version_id FROM wanted) AS w
    JOIN {schema}.versions AS v ON v.id = w.version_id AND v.active
), {readable_products}
SELECT replace(wanted.id::text, '-', '') AS id, coalesce((
    SELECT '{' || string_agg(
        to_json(s.site_name) || ':{"status":' || s.status || ',"progress":'
            || CASE WHEN s.status = 4 THEN '1'
                WHEN s.bytes_total > 0 THEN least(
                    coalesce(s.bytes_done, 0)::float8 / s.bytes_total, 1.0
                )::text
                ELSE '0' END
            || '}', ','
    ) || '}'
    FROM {schema}.sitesync_files_status AS s
    WHERE s.representation_id = wanted.id AND s.site_name = ANY ($2::varchar[])
), '{}') AS sites
FROM wanted
WHERE (wanted.version_id IN (
    SELECT v.id FROM active_versions AS v
    WHERE (v.product_id IN (SELECT id FROM readable_products)) IS TRUE
)) IS TRUE;

-- name: readable_products
readable_products AS MATERIALIZED (
    SELECT p.id
    FROM (SELECT DISTINCT product_id FROM active_versions) AS w
    JOIN {schema}.products AS p ON p.id = w.product_id AND p.active
    JOIN {schema}.folders AS f ON f.id = p.folder_id AND f.active
    JOIN {schema}.hierarchy AS h ON h.id = f.id
    WHERE $3::text[] IS NULL OR h.path LIKE ANY ($3::text[])
)
