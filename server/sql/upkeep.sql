-- Background work of a project: who may do it now, and how far it is.

-- name: try_lock
SELECT pg_try_advisory_xact_lock(
    hashtextextended('sitesync upkeep ' || $1::text, 0)
) AS locked;

-- name: hold_folders
-- The table that a project's deletion takes before all others of those that we use.
SELECT FROM {schema}.folders WHERE FALSE;

-- name: position
SELECT position FROM {schema}.sitesync_upkeep WHERE name = $1;

-- name: write_position
INSERT INTO {schema}.sitesync_upkeep AS u (name, position, done_at)
VALUES ($1, $2, {schema}.sitesync_now_v1())
ON CONFLICT (name) DO UPDATE
SET position = EXCLUDED.position, done_at = EXCLUDED.done_at;

-- name: is_due
SELECT NOT EXISTS (
    SELECT 1 FROM {schema}.sitesync_upkeep
    WHERE name = $1
        AND done_at > {schema}.sitesync_now_v1() - make_interval(secs => $2::float8)
) AS is_due;
