-- Rows of sitesync_files_status: locked, written, removed, listed.
-- Order of locks everywhere: representations (advisory, sorted), rows (sorted), leases.

-- name: now
-- Epoch seconds. All times of one operation come from one call.
SELECT extract(epoch FROM {schema}.sitesync_now_v1())::float8 AS now;

-- name: lock_representations
-- Holds back other writers of these representations, of rows that do not exist yet too.
-- One lock for a 4096th of all ids: Postgres has room for some 6,000 locks.
SELECT pg_advisory_xact_lock(hashtextextended('sitesync {schema} ' || part, 0))
FROM (
    SELECT DISTINCT hashtext(id) & 4095 AS part FROM unnest($1::text[]) AS id ORDER BY 1
) AS parts;

-- name: being_deleted
-- One of these representations that somebody is deleting at this moment. The others stay
-- until our transaction ends: AYON's deletion waits for us, and we for nothing of his.
-- Ids as text: the pool converts each by itself, of thousands in one go.
WITH kept AS MATERIALIZED (
    SELECT id FROM {schema}.representations
    WHERE id = ANY ($1::text[]::uuid[])
    ORDER BY id
    FOR KEY SHARE SKIP LOCKED
)
SELECT id FROM {schema}.representations
WHERE id = ANY ($1::text[]::uuid[]) AND id NOT IN (SELECT id FROM kept)
LIMIT 1;

-- name: wait_for_representation
SELECT 1 FROM {schema}.representations WHERE id = $1 FOR KEY SHARE;

-- name: lock_rows
-- $2 NULL = all sites.
SELECT representation_id, site_name, status, priority, data
FROM {schema}.sitesync_files_status
WHERE representation_id = ANY ($1::uuid[])
    AND ($2::varchar[] IS NULL OR site_name = ANY ($2::varchar[]))
ORDER BY representation_id, site_name
FOR UPDATE;

-- name: write_rows
-- With the counts of `count_entries`: the trigger leaves rows alone that say when they
-- were written. $1 are the rows as one JSON list, as each value of an array costs by
-- itself; sizes of files are counted here where the caller has not.
WITH clock AS MATERIALIZED (SELECT {schema}.sitesync_now_v1() AS moment)
INSERT INTO {schema}.sitesync_files_status AS s (
    representation_id, site_name, status, priority, data,
    files_total, files_due, files_failed, files_synced, files_verified, bytes_done,
    last_error, due_at, bytes_total, changed_at
)
SELECT
    new.representation_id, new.site_name, new.status, new.priority, new.data,
    new.files_total, new.files_due, new.files_failed, new.files_synced,
    new.files_verified, new.bytes_done, new.last_error,
    least(
        CASE WHEN new.queued_at IS NOT NULL
            THEN to_timestamp(least(new.queued_at, extract(epoch FROM clock.moment)))
        END,
        to_timestamp(new.next_at),
        CASE WHEN new.is_running THEN clock.moment + interval '15 minutes' END
    ),
    coalesce(new.bytes_total, (
        SELECT least(coalesce(sum(
            CASE WHEN jsonb_typeof(item -> 'size') = 'number'
                THEN greatest(trunc((item ->> 'size')::numeric), 0) ELSE 0 END
        ), 0), 9223372036854775807)::bigint
        FROM {schema}.representations AS r
        CROSS JOIN LATERAL jsonb_array_elements(
            CASE WHEN jsonb_typeof(r.files) = 'array' THEN r.files ELSE '[]' END
        ) AS items (item)
        WHERE r.id = new.representation_id
    )),
    clock.moment
FROM jsonb_to_recordset($1::jsonb) AS new (
    representation_id uuid, site_name varchar, status integer, priority integer,
    data jsonb, files_total integer, files_due integer, files_failed integer,
    files_synced integer, files_verified integer, bytes_done bigint,
    last_error text, queued_at float8, next_at float8, is_running boolean,
    bytes_total bigint
)
CROSS JOIN clock
ON CONFLICT (representation_id, site_name) DO UPDATE
SET status = EXCLUDED.status, priority = EXCLUDED.priority, data = EXCLUDED.data,
    files_total = EXCLUDED.files_total, files_due = EXCLUDED.files_due,
    files_failed = EXCLUDED.files_failed, files_synced = EXCLUDED.files_synced,
    files_verified = EXCLUDED.files_verified, bytes_total = EXCLUDED.bytes_total,
    bytes_done = EXCLUDED.bytes_done, due_at = EXCLUDED.due_at,
    changed_at = EXCLUDED.changed_at, last_error = EXCLUDED.last_error;

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
