-- Rows of sitesync_files_status: locked, written, removed, listed.
-- Order of locks everywhere: representations (advisory, sorted), rows (sorted), leases.

-- name: now
-- Epoch seconds. All times of one operation come from one call.
SELECT extract(epoch FROM {schema}.sitesync_now_v1())::float8 AS now;

-- name: lock_representations
-- Holds back other writers of these representations, of rows that do not exist yet too.
-- One lock for a 1024th of all ids: Postgres has room for a few thousand locks.
SELECT pg_advisory_xact_lock(hashtextextended('sitesync {schema} ' || part, 0))
FROM (
    SELECT DISTINCT hashtext(id) & 1023 AS part FROM unnest($1::text[]) AS id ORDER BY 1
) AS parts;

-- name: lock_rows
-- $2 NULL = all sites.
SELECT representation_id, site_name, status, priority, data
FROM {schema}.sitesync_files_status
WHERE representation_id = ANY ($1::uuid[])
    AND ($2::varchar[] IS NULL OR site_name = ANY ($2::varchar[]))
ORDER BY representation_id, site_name
FOR UPDATE;

-- name: write_rows
INSERT INTO {schema}.sitesync_files_status AS s
    (representation_id, site_name, status, priority, data)
SELECT representation_id, site_name, status, priority, data
FROM unnest($1::uuid[], $2::varchar[], $3::integer[], $4::integer[], $5::jsonb[])
    AS new (representation_id, site_name, status, priority, data)
ON CONFLICT (representation_id, site_name) DO UPDATE
SET status = EXCLUDED.status, priority = EXCLUDED.priority, data = EXCLUDED.data;

-- name: delete_rows
DELETE FROM {schema}.sitesync_files_status
WHERE representation_id = $1 AND site_name = ANY ($2::varchar[]);

-- name: list_states
SELECT s.representation_id, s.site_name, s.status
FROM {schema}.sitesync_files_status AS s
JOIN {schema}.representations AS r ON r.id = s.representation_id AND r.active
JOIN {schema}.versions AS v ON v.id = r.version_id AND v.active
JOIN {schema}.products AS p ON p.id = v.product_id AND p.active
JOIN {schema}.folders AS f ON f.id = p.folder_id AND f.active
JOIN {schema}.hierarchy AS h ON h.id = f.id
WHERE s.representation_id = ANY ($1::uuid[])
    AND ($2::varchar[] IS NULL OR s.site_name = ANY ($2::varchar[]))
    AND ($3::text[] IS NULL OR h.path LIKE ANY ($3::text[]))
ORDER BY s.representation_id, s.site_name;
