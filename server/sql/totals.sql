-- Totals by site and status that triggers keep: the sum of `sitesync_site_totals` and of
-- the changes since. Who folds or recounts holds a lock, so that one does at a time.

-- name: kept
-- What there is of active entities; one row without a site if nothing is. `is_counted`:
-- the sums are true. `changes`: rows that wait to be folded.
SELECT t.*, state.*
FROM (
    SELECT
        EXISTS (
            SELECT 1 FROM {schema}.sitesync_migrations WHERE name = 'site_totals_v1'
        ) AS is_counted,
        (SELECT count(*) FROM {schema}.sitesync_total_changes) AS changes
) AS state
LEFT JOIN (
    SELECT site_name, status,
        sum(representations)::bigint AS representations,
        greatest(sum(files), 0)::bigint AS files,
        greatest(sum(files_synced), 0)::bigint AS files_synced,
        greatest(sum(files_verified), 0)::bigint AS files_verified,
        greatest(sum(files_failed), 0)::bigint AS files_failed,
        least(greatest(sum(bytes), 0), 9223372036854775807)::bigint AS bytes,
        least(greatest(sum(bytes_done), 0), 9223372036854775807)::bigint AS bytes_done
    FROM (
        SELECT * FROM {schema}.sitesync_site_totals
        UNION ALL
        SELECT * FROM {schema}.sitesync_total_changes
        UNION ALL
        SELECT site_name, status, -representations, -files, -files_synced,
            -files_verified, -files_failed, -bytes, -bytes_done
        FROM {schema}.sitesync_hidden_totals
    ) AS rows
    GROUP BY site_name, status
    HAVING sum(representations) > 0
) AS t ON TRUE
ORDER BY t.site_name, t.status;

-- name: activity
-- Says something else when entities have changed, or gone, or states have: others may
-- be inactive than before, or inactive ones have other states. Postgres knows of a
-- change within ten seconds.
SELECT coalesce(sum(
    n_tup_upd + n_tup_del
    + CASE relname WHEN 'sitesync_files_status' THEN n_tup_ins ELSE 0 END
), 0)::text
FROM pg_stat_user_tables
WHERE schemaname = $1
    AND relname IN (
        'folders', 'products', 'versions', 'representations', 'sitesync_files_status'
    )

-- name: forget_hidden
DELETE FROM {schema}.sitesync_hidden_totals;

-- name: note_hidden
-- $1 the schema.
INSERT INTO {schema}.sitesync_upkeep AS u (name, position, done_at)
VALUES ('hidden_totals', ({activity}), {schema}.sitesync_now_v1())
ON CONFLICT (name) DO UPDATE
SET position = EXCLUDED.position, done_at = EXCLUDED.done_at;

-- name: count_hidden
-- What belongs to inactive entities. Each inactive entity is looked up downwards:
-- few are, and joining all others to see that takes a second.
WITH hidden_products AS MATERIALIZED (
    SELECT p.id FROM {schema}.folders AS f
    JOIN {schema}.products AS p ON p.folder_id = f.id
    WHERE NOT f.active
    UNION
    SELECT p.id FROM {schema}.products AS p WHERE NOT p.active
),
hidden_versions AS MATERIALIZED (
    SELECT v.id FROM hidden_products AS p
    JOIN {schema}.versions AS v ON v.product_id = p.id
    UNION
    SELECT v.id FROM {schema}.versions AS v WHERE NOT v.active
),
hidden_representations AS MATERIALIZED (
    SELECT r.id FROM hidden_versions AS v
    JOIN {schema}.representations AS r ON r.version_id = v.id
    UNION
    SELECT r.id FROM {schema}.representations AS r WHERE NOT r.active
)
INSERT INTO {schema}.sitesync_hidden_totals
SELECT s.site_name, s.status, count(*),
    coalesce(sum(s.files_total), 0), coalesce(sum(s.files_synced), 0),
    coalesce(sum(s.files_verified), 0), coalesce(sum(s.files_failed), 0),
    coalesce(sum(s.bytes_total), 0), coalesce(sum(s.bytes_done), 0)
FROM hidden_representations AS r
JOIN {schema}.sitesync_files_status AS s ON s.representation_id = r.id
GROUP BY s.site_name, s.status;

-- name: lock
SELECT pg_advisory_xact_lock(hashtextextended('sitesync totals ' || $1::text, 0));

-- name: try_lock
SELECT pg_try_advisory_xact_lock(
    hashtextextended('sitesync totals ' || $1::text, 0)
) AS locked;

-- name: fold
WITH folded AS (
    DELETE FROM {schema}.sitesync_total_changes RETURNING *
)
INSERT INTO {schema}.sitesync_site_totals AS t
SELECT site_name, status, sum(representations), sum(files), sum(files_synced),
    sum(files_verified), sum(files_failed), sum(bytes), sum(bytes_done)
FROM folded
GROUP BY site_name, status
ON CONFLICT (site_name, status) DO UPDATE
SET representations = t.representations + EXCLUDED.representations,
    files = t.files + EXCLUDED.files,
    files_synced = t.files_synced + EXCLUDED.files_synced,
    files_verified = t.files_verified + EXCLUDED.files_verified,
    files_failed = t.files_failed + EXCLUDED.files_failed,
    bytes = t.bytes + EXCLUDED.bytes,
    bytes_done = t.bytes_done + EXCLUDED.bytes_done;

-- name: recount
-- One snapshot: the rows, and the changes that they have in them already. What others
-- write meanwhile is in neither, and stays a change.
WITH counted AS MATERIALIZED (
    SELECT site_name, status, count(*) AS representations,
        coalesce(sum(files_total), 0) AS files,
        coalesce(sum(files_synced), 0) AS files_synced,
        coalesce(sum(files_verified), 0) AS files_verified,
        coalesce(sum(files_failed), 0) AS files_failed,
        coalesce(sum(bytes_total), 0) AS bytes,
        coalesce(sum(bytes_done), 0) AS bytes_done
    FROM {schema}.sitesync_files_status
    GROUP BY site_name, status
),
folded AS (
    DELETE FROM {schema}.sitesync_total_changes
),
gone AS (
    DELETE FROM {schema}.sitesync_site_totals AS t
    WHERE NOT EXISTS (
        SELECT 1 FROM counted AS c
        WHERE c.site_name = t.site_name AND c.status = t.status
    )
)
INSERT INTO {schema}.sitesync_site_totals AS t
SELECT * FROM counted
ON CONFLICT (site_name, status) DO UPDATE
SET representations = EXCLUDED.representations, files = EXCLUDED.files,
    files_synced = EXCLUDED.files_synced,
    files_verified = EXCLUDED.files_verified,
    files_failed = EXCLUDED.files_failed, bytes = EXCLUDED.bytes,
    bytes_done = EXCLUDED.bytes_done;

-- name: state
-- What is to be done. `is_old`: entities or states have changed since what is hidden was
-- counted, $2 seconds ago or more. $1 the schema.
SELECT
    EXISTS (
        SELECT 1 FROM {schema}.sitesync_migrations WHERE name = 'site_totals_v1'
    ) AS is_counted,
    EXISTS (SELECT 1 FROM {schema}.sitesync_total_changes) AS has_changes,
    EXISTS (
        SELECT 1 FROM {schema}.sitesync_upkeep
        WHERE name = 'hidden_totals'
            AND done_at <= {schema}.sitesync_now_v1()
                - make_interval(secs => $2::float8)
            AND position <> ({activity})
    ) AS is_old;

-- name: record
INSERT INTO {schema}.sitesync_migrations (name, addon_version)
VALUES ('site_totals_v1', $1)
ON CONFLICT (name) DO UPDATE
SET addon_version = EXCLUDED.addon_version, applied_at = clock_timestamp();
