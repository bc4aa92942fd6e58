-- The queue. A transfer is a row with due files; a lease is one agent's right to it.
-- Order of locks: rows first, then leases. Times are epoch seconds out of one call of
-- the project's clock per operation.

-- name: has_work
-- A row if agents may have something to do in a project: transfers, due or not, leases
-- that have expired, removals or scans. For many projects joined with UNION ALL.
SELECT '{schema}' AS schema
WHERE EXISTS (
        SELECT 1 FROM {schema}.sitesync_files_status AS s WHERE s.due_at IS NOT NULL
    )
    OR EXISTS (
        SELECT 1 FROM {schema}.sitesync_leases AS l
        WHERE l.expires_at <= {schema}.sitesync_now_v1()
    )
    OR EXISTS (SELECT 1 FROM {schema}.sitesync_removals)
    OR EXISTS (SELECT 1 FROM {schema}.sitesync_scans WHERE finished_at IS NULL)

-- name: look_around
-- Whether there is anything to claim: leases that have expired, and those of the
-- targets $1 that have rows with work, due or not.
WITH clock AS MATERIALIZED (SELECT {schema}.sitesync_now_v1() AS moment)
SELECT
    extract(epoch FROM clock.moment)::float8 AS now,
    EXISTS (
        SELECT 1 FROM {schema}.sitesync_leases AS l WHERE l.expires_at <= clock.moment
    ) AS has_expired,
    ARRAY(
        SELECT target FROM unnest($1::varchar[]) AS target
        WHERE EXISTS (
            SELECT 1 FROM {schema}.sitesync_files_status AS s
            WHERE s.site_name = target AND s.due_at IS NOT NULL
        )
    ) AS targets
FROM clock;

-- name: keep_plans
-- Looks at the queue take longer to plan than to run, and their plan is the same for all
-- values. Left to itself Postgres plans some of them each time.
SET LOCAL plan_cache_mode = force_generic_plan;

-- name: lock_due
-- Due rows of target $1 that have a source among $6, best first, skipping what others
-- are claiming at this moment; of one piece of the queue. $7 readable paths, $8 how many.
-- A source has the representation SYNCED, with the files that it has now. What an agent
-- is deleting from some site waits for him: his removal may have been taken back.
-- `place` is the row's own in its piece, from 1.
SELECT
    piece.place, s.representation_id, s.site_name, s.priority, s.data,
    extract(epoch FROM s.due_at)::float8 AS due_at,
    extract(epoch FROM s.changed_at)::float8 AS changed_at,
    source.site_name AS source_site,
    r.files, r.name AS representation, r.version, r.product, r.path
FROM (
    SELECT *, row_number() OVER (
        ORDER BY priority DESC, due_at, representation_id
    ) AS place
    FROM (
        {piece}
    ) AS rows
) AS piece
JOIN {schema}.sitesync_files_status AS s
    ON s.representation_id = piece.representation_id AND s.site_name = $1
{parents}
{source}
WHERE s.due_at <= to_timestamp($2::float8)
    AND NOT EXISTS (
        SELECT 1 FROM {schema}.sitesync_removals AS m
        WHERE m.representation_id = s.representation_id
            AND m.expires_at > to_timestamp($2::float8)
    )
ORDER BY piece.priority DESC, piece.due_at, piece.representation_id
LIMIT $8
FOR UPDATE OF s SKIP LOCKED;

-- name: piece_end
-- The last row of a piece; none where the queue ends before the piece is full.
SELECT priority, extract(epoch FROM due_at)::float8 AS due_at, representation_id
FROM (
    {piece}
) AS piece
ORDER BY priority DESC, due_at, representation_id
OFFSET 499
LIMIT 1;

-- name: piece
-- The next 500 rows of the queue of target $1 that nobody holds at $2, after the row of
-- $3, $4 and $5: looking at them has a bound, whatever stands in front of the queue.
-- Two ranges of the index, each read in its order. NOT IN is a hash, which needs no
-- statistics of the leases.
SELECT *
FROM (
    (
        SELECT s.representation_id, s.site_name, s.priority, s.due_at
        FROM {schema}.sitesync_files_status AS s
        WHERE s.site_name = $1
            AND s.priority = $3::integer
            AND (s.due_at, s.representation_id) > (to_timestamp($4::float8), $5::uuid)
            AND {due}
            AND s.representation_id NOT IN ({held})
        ORDER BY s.due_at, s.representation_id
        LIMIT 500
    )
    UNION ALL
    (
        SELECT s.representation_id, s.site_name, s.priority, s.due_at
        FROM {schema}.sitesync_files_status AS s
        WHERE s.site_name = $1
            AND s.priority < $3::integer
            AND {due}
            AND s.representation_id NOT IN ({held})
        ORDER BY s.priority DESC, s.due_at, s.representation_id
        LIMIT 500
    )
) AS ranges
ORDER BY priority DESC, due_at, representation_id
LIMIT 500

-- name: fresh
-- Rows in front of that of $3, $4 and $5, or that row, which were written at $9 or later:
-- what nobody could take when it was looked at may be another's by now. Of the latest
-- 2,000 rows that were written on the site, in the queue's order.
SELECT s.representation_id, s.site_name, s.priority, s.due_at
FROM (
    SELECT *
    FROM {schema}.sitesync_files_status
    WHERE site_name = $1 AND changed_at >= to_timestamp($9::float8)
    ORDER BY changed_at DESC
    LIMIT 2000
) AS s
WHERE (
        s.priority > $3::integer
        OR s.priority = $3::integer
            AND (s.due_at, s.representation_id) <= (to_timestamp($4::float8), $5::uuid)
    )
    AND {due}
    AND s.representation_id NOT IN ({held})
ORDER BY s.priority DESC, s.due_at, s.representation_id
LIMIT 500

-- name: is_due
s.due_at <= to_timestamp($2::float8)

-- name: is_waiting
s.due_at IS NOT NULL

-- name: held
SELECT l.representation_id
FROM {schema}.sitesync_leases AS l
WHERE l.site_name = $1 AND l.expires_at > to_timestamp($2::float8)

-- name: outlook
-- What is left for an agent on one route: rows nobody holds, and in how many seconds
-- the first is due; counts up to $8, in one piece of the queue. Work that another than
-- agent $9 holds may be due when his lease ends.
SELECT
    count(*) AS pending,
    CASE WHEN bool_or(due_at <= to_timestamp($2::float8)) THEN 0
    ELSE extract(epoch FROM least(
        min(due_at),
        (
            SELECT min(l.expires_at)
            FROM {schema}.sitesync_leases AS l
            WHERE l.site_name = $1
                AND l.source_site = ANY ($6::varchar[])
                AND l.agent_id <> $9
                AND l.expires_at > to_timestamp($2::float8)
        )
    ) - to_timestamp($2::float8))::float8 END AS next_due_in_seconds
FROM (
    SELECT s.due_at
    FROM (
        {piece}
    ) AS s
    {parents}
    {source}
    WHERE NOT EXISTS (
            SELECT 1 FROM {schema}.sitesync_removals AS m
            WHERE m.representation_id = s.representation_id
                AND m.expires_at > to_timestamp($2::float8)
        )
    ORDER BY s.priority DESC, s.due_at, s.representation_id
    LIMIT $8
) AS rows;

-- name: bring_forward
-- Count rows of site $1 again that are queued and due after $2: queued files never wait,
-- so they were written while the clock was ahead.
UPDATE {schema}.sitesync_files_status AS s
SET data = s.data
FROM (
    SELECT representation_id
    FROM {schema}.sitesync_files_status
    WHERE site_name = $1
        AND status = 1
        AND due_at > to_timestamp($2::float8)
    LIMIT 500
    FOR UPDATE SKIP LOCKED
) AS late
WHERE s.representation_id = late.representation_id AND s.site_name = $1
RETURNING s.representation_id;

-- name: parents
-- Looked up for each row, by their ids, one after the other: OFFSET 0 keeps Postgres from
-- turning that round. Where it has no statistics yet (a project that was just filled) it
-- went from the folder to all its products, for each row.
CROSS JOIN LATERAL (
    SELECT r.files, r.name, v.version, p.name AS product, h.path,
        ARRAY(
            SELECT file ->> 'id' FROM jsonb_array_elements(
                CASE WHEN jsonb_typeof(r.files) = 'array' THEN r.files ELSE '[]' END
            ) AS file
        ) AS file_ids
    FROM (
        SELECT files, name, version_id FROM {schema}.representations
        WHERE id = s.representation_id AND active OFFSET 0
    ) AS r
    CROSS JOIN LATERAL (
        SELECT version, product_id FROM {schema}.versions
        WHERE id = r.version_id AND active OFFSET 0
    ) AS v
    CROSS JOIN LATERAL (
        SELECT name, folder_id FROM {schema}.products
        WHERE id = v.product_id AND active OFFSET 0
    ) AS p
    CROSS JOIN LATERAL (
        SELECT id FROM {schema}.folders WHERE id = p.folder_id AND active OFFSET 0
    ) AS f
    CROSS JOIN LATERAL (
        SELECT path FROM {schema}.hierarchy WHERE id = f.id OFFSET 0
    ) AS h
    WHERE $7::text[] IS NULL OR h.path LIKE ANY ($7::text[])
    LIMIT 1
) AS r

-- name: source
-- A row whose files are all SYNCED needs to know those of now; only where nobody has
-- counted, each one is looked at.
CROSS JOIN LATERAL (
    SELECT c.site_name
    FROM {schema}.sitesync_files_status AS c
    WHERE c.representation_id = s.representation_id
        AND c.site_name = ANY ($6::varchar[])
        AND c.site_name <> s.site_name
        AND c.status = 4
        AND CASE WHEN c.files_synced = c.files_total AND c.files_total > 0
            THEN c.data -> 'files' ?& r.file_ids
            ELSE NOT EXISTS (
                SELECT 1 FROM unnest(r.file_ids) AS file_id
                WHERE (c.data -> 'files' -> file_id ->> 'status')
                    IS DISTINCT FROM '4'
            ) END
    ORDER BY array_position($6::varchar[], c.site_name)
    LIMIT 1
) AS source

-- name: start_transfers
-- Write the rows $1, which are locked, as begun at $5, give leases until $6, and note the
-- runs: all at once, out of one JSON list, as each value of an array costs by itself.
-- Whoever has a live lease already keeps it, and the row. A row without a token has
-- nothing due after all, and is written only.
WITH clock AS MATERIALIZED (SELECT {schema}.sitesync_now_v1() AS moment),
new AS MATERIALIZED (
    SELECT *
    FROM jsonb_to_recordset($1::jsonb) AS new (
        representation_id uuid, site_name varchar, token uuid, source_site varchar,
        files integer, status integer, data jsonb, files_total integer,
        files_due integer, files_failed integer, files_synced integer,
        files_verified integer, bytes_total bigint, bytes_done bigint,
        due_at float8, last_error text
    )
),
taken AS (
    INSERT INTO {schema}.sitesync_leases AS l (
        representation_id, site_name, token, source_site,
        agent_id, user_name, variant, claimed_at, expires_at
    )
    SELECT
        representation_id, site_name, token, source_site,
        $2, $3, $4, to_timestamp($5::float8), to_timestamp($6::float8)
    FROM new
    WHERE token IS NOT NULL
    ORDER BY representation_id, site_name
    ON CONFLICT (representation_id, site_name) DO UPDATE
    SET token = EXCLUDED.token, source_site = EXCLUDED.source_site,
        agent_id = EXCLUDED.agent_id, user_name = EXCLUDED.user_name,
        variant = EXCLUDED.variant, claimed_at = EXCLUDED.claimed_at,
        expires_at = EXCLUDED.expires_at
    WHERE l.expires_at <= to_timestamp($5::float8)
    RETURNING token
),
noted AS (
    INSERT INTO {schema}.sitesync_attempts (
        representation_id, site_name, token, source_site, files_total,
        agent_id, user_name, started_at
    )
    SELECT representation_id, site_name, token, source_site, files,
        $2, $3, to_timestamp($5::float8)
    FROM taken
    JOIN new USING (token)
),
written AS (
    UPDATE {schema}.sitesync_files_status AS s
    SET status = new.status, data = new.data,
        files_total = new.files_total, files_due = new.files_due,
        files_failed = new.files_failed, files_synced = new.files_synced,
        files_verified = new.files_verified, bytes_total = new.bytes_total,
        bytes_done = new.bytes_done, due_at = to_timestamp(new.due_at),
        changed_at = clock.moment, last_error = new.last_error
    FROM new
    CROSS JOIN clock
    WHERE s.representation_id = new.representation_id
        AND s.site_name = new.site_name
        AND (new.token IS NULL OR new.token IN (SELECT token FROM taken))
)
SELECT replace(token::text, '-', '') AS token FROM taken;

-- name: count_attempts
-- Add what a report tells to the attempts; outcome NULL = it goes on. The errors are
-- in an object each, as a list in a list would be sent as an array of two dimensions.
-- What arrived counts in this minute; each connection has a slot of its own, so that no
-- transaction waits for another.
WITH counted AS (
    UPDATE {schema}.sitesync_attempts AS a
    SET files_synced = a.files_synced + new.synced,
        files_failed = a.files_failed + new.failed,
        bytes_done = least(
            a.bytes_done::numeric + new.bytes_done, 9223372036854775807
        )::bigint,
        -- The first hundred: a sequence of frames fails with as many words.
        errors = CASE WHEN jsonb_array_length(a.errors) >= 100 THEN a.errors
            ELSE jsonb_path_query_array(
                a.errors || (new.errors -> 'list'), '$[0 to 99]'
            ) END,
        outcome = coalesce(new.outcome, a.outcome),
        finished_at = CASE WHEN new.outcome IS NULL THEN a.finished_at
            ELSE to_timestamp($7::float8) END
    FROM unnest(
        $1::uuid[], $2::integer[], $3::integer[], $4::bigint[], $5::jsonb[],
        $6::varchar[]
    ) AS new (token, synced, failed, bytes_done, errors, outcome)
    WHERE a.token = new.token
    RETURNING a.site_name, new.bytes_done
)
INSERT INTO {schema}.sitesync_throughput AS t (minute, site_name, slot, bytes)
SELECT date_trunc('minute', to_timestamp($7::float8), 'UTC'), site_name,
    (pg_backend_pid() & 32767)::smallint AS slot,
    least(sum(bytes_done), 9223372036854775807)::bigint
FROM counted
WHERE bytes_done > 0
GROUP BY site_name, slot
ORDER BY site_name, slot
ON CONFLICT (minute, site_name, slot) DO UPDATE
SET bytes = least(t.bytes::numeric + EXCLUDED.bytes, 9223372036854775807)::bigint;

-- name: unseen_sources
-- Those of sources $2 from which the latest $3 runs of agent $1 brought nothing.
SELECT source.site_name
FROM unnest($2::varchar[]) AS source (site_name)
CROSS JOIN LATERAL (
    SELECT count(*) AS runs, coalesce(max(latest.files_synced), 0) AS files_synced
    FROM (
        SELECT a.files_synced
        FROM {schema}.sitesync_attempts AS a
        WHERE a.agent_id = $1
            AND a.source_site = source.site_name
            AND a.finished_at IS NOT NULL
        ORDER BY a.started_at DESC
        LIMIT $3
    ) AS latest
) AS found
WHERE found.runs >= $3 AND found.files_synced = 0;

-- name: expired_keys
SELECT l.representation_id, l.site_name
FROM {schema}.sitesync_leases AS l
WHERE l.expires_at <= to_timestamp($1::float8)
ORDER BY l.expires_at
LIMIT $2;

-- name: lock_expired
-- The expired leases of rows that nobody else is at. $3 now.
SELECT s.representation_id, s.site_name, s.status, s.priority, s.data, l.token
FROM unnest($1::uuid[], $2::varchar[]) AS k (representation_id, site_name)
JOIN {schema}.sitesync_files_status AS s USING (representation_id, site_name)
JOIN {schema}.sitesync_leases AS l USING (representation_id, site_name)
WHERE l.expires_at <= to_timestamp($3::float8)
FOR UPDATE OF s, l SKIP LOCKED;

-- name: live_leases
-- The leases among ($1, $2, token $3) that agent $4 of user $5 holds now.
SELECT l.representation_id, l.site_name, l.token, l.source_site, l.variant
FROM unnest($1::uuid[], $2::varchar[], $3::uuid[])
    AS k (representation_id, site_name, token)
JOIN {schema}.sitesync_leases AS l USING (representation_id, site_name, token)
WHERE l.agent_id = $4 AND l.user_name = $5
    AND l.expires_at > {schema}.sitesync_now_v1();

-- name: leases_of_agent
SELECT representation_id, site_name, token
FROM {schema}.sitesync_leases
WHERE agent_id = $1 AND user_name = $2;

-- name: renew_leases
-- $7 the new expiry. Locked in order, so that two renewals never wait for each other.
WITH held AS (
    SELECT l.representation_id, l.site_name
    FROM unnest($1::uuid[], $2::varchar[], $3::uuid[])
        AS k (representation_id, site_name, token)
    JOIN {schema}.sitesync_leases AS l USING (representation_id, site_name, token)
    WHERE l.agent_id = $4 AND l.user_name = $5
        AND l.expires_at > to_timestamp($6::float8)
    ORDER BY l.representation_id, l.site_name
    FOR UPDATE OF l
)
UPDATE {schema}.sitesync_leases AS l
SET expires_at = to_timestamp($7::float8)
FROM held
WHERE l.representation_id = held.representation_id AND l.site_name = held.site_name
RETURNING l.token;

-- name: end_leases
-- The leases of rows ($1, $2) with tokens $3: by their keys, tokens have no index.
DELETE FROM {schema}.sitesync_leases AS l
USING unnest($1::uuid[], $2::varchar[], $3::uuid[])
    AS k (representation_id, site_name, token)
WHERE l.representation_id = k.representation_id
    AND l.site_name = k.site_name
    AND l.token = k.token;

-- name: stopped_attempts
-- What ended the runs $1 of agent $2, where somebody ordered it.
SELECT token, outcome
FROM {schema}.sitesync_attempts
WHERE token = ANY ($1::uuid[]) AND agent_id = $2
    AND outcome IN ('paused', 'cancelled');

-- name: files_of
SELECT id, files FROM {schema}.representations WHERE id = ANY ($1::uuid[]);

-- name: checksums
-- The best known checksum of each file; one of an older size is none.
SELECT DISTINCT ON (representation_id, file_id)
    representation_id, file_id, algorithm, digest, size
FROM {schema}.sitesync_file_checksums
WHERE representation_id = ANY ($1::uuid[])
ORDER BY representation_id, file_id,
    array_position(ARRAY['xxh3', 'blake2b', 'sha256', 'sha1', 'md5'], algorithm::text);

-- name: write_checksums
-- $2 are columns, lists in one JSON object: each value of an array costs by itself.
-- `place` is that of the file's representation in $1.
INSERT INTO {schema}.sitesync_file_checksums AS c (
    representation_id, file_id, algorithm, digest, size, site_name, verified_at
)
SELECT ($1::uuid[])[place::integer] AS representation_id, file_id, algorithm, digest,
    size::bigint, site_name, to_timestamp($3::float8)
FROM ROWS FROM (
    jsonb_array_elements_text($2::jsonb -> 'place'),
    jsonb_array_elements_text($2::jsonb -> 'file_id'),
    jsonb_array_elements_text($2::jsonb -> 'algorithm'),
    jsonb_array_elements_text($2::jsonb -> 'digest'),
    jsonb_array_elements_text($2::jsonb -> 'size'),
    jsonb_array_elements_text($2::jsonb -> 'site_name')
) AS new (place, file_id, algorithm, digest, size, site_name)
ORDER BY representation_id, file_id, algorithm
ON CONFLICT (representation_id, file_id, algorithm) DO UPDATE
SET digest = EXCLUDED.digest, size = EXCLUDED.size,
    site_name = EXCLUDED.site_name, verified_at = EXCLUDED.verified_at;
