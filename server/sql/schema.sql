-- Applying and recording migrations. `public` is the schema for what spans projects.

-- name: lock
-- One migration of a schema at a time, whatever worker or version of the addon asks.
SELECT pg_advisory_xact_lock(hashtextextended('sitesync migrations ' || $1::text, 0));

-- name: try_lock_backfill
SELECT pg_try_advisory_xact_lock(
    hashtextextended('sitesync backfill ' || $1::text, 0)
) AS locked;

-- name: record_table
CREATE TABLE IF NOT EXISTS sitesync_migrations (
    name VARCHAR PRIMARY KEY,
    addon_version VARCHAR NOT NULL,
    applied_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);

-- name: record_table_exists
SELECT to_regclass($1::text || '.sitesync_migrations') IS NOT NULL AS found;

-- name: project_schemas
SELECT nspname AS name, oid::bigint AS id FROM pg_namespace
WHERE nspname LIKE 'project\_%';

-- name: applied
SELECT name FROM {schema}.sitesync_migrations;

-- name: record
INSERT INTO sitesync_migrations (name, addon_version) VALUES ($1, $2)
ON CONFLICT (name) DO NOTHING;

-- name: record_project
INSERT INTO {schema}.sitesync_migrations (name, addon_version) VALUES ($1, $2)
ON CONFLICT (name) DO NOTHING;

-- name: backfill
-- Write the next rows after ($1, $2) unchanged, so that the trigger counts them.
-- Rows are locked in the order of all writers.
WITH batch AS (
    SELECT representation_id, site_name, files_total
    FROM {schema}.sitesync_files_status
    WHERE (representation_id, site_name) > ($1::uuid, $2::varchar)
    ORDER BY representation_id, site_name
    LIMIT $3
    FOR UPDATE
),
written AS (
    UPDATE {schema}.sitesync_files_status AS s
    SET data = s.data
    FROM batch
    WHERE batch.files_total IS NULL
        AND s.representation_id = batch.representation_id
        AND s.site_name = batch.site_name
)
SELECT representation_id, site_name
FROM batch
ORDER BY representation_id DESC, site_name DESC
LIMIT 1;
