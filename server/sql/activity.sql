-- What moves, what waits, what was done, and who does it. $1 are readable paths; times
-- are epoch seconds.

-- name: parents
JOIN {schema}.versions AS v ON v.id = r.version_id
JOIN {schema}.products AS p ON p.id = v.product_id
JOIN {schema}.hierarchy AS h ON h.id = p.folder_id

-- name: moving
-- Transfers under a live lease, those with the latest news first. $2 now, $3 how many, $4
-- sites or NULL. What a run has moved is what it reported as done, and the files it is at.
SELECT l.representation_id, l.site_name, l.source_site, l.agent_id, l.user_name,
    extract(epoch FROM l.claimed_at)::float8 AS claimed_at,
    g.hostname, g.site_name AS own_site, h.path, p.name AS product, v.version,
    r.name AS representation, s.files_total, s.files_synced, s.bytes_total,
    s.bytes_done, (coalesce(a.bytes_done, 0) + running.bytes)::float8 AS moved
FROM {schema}.sitesync_leases AS l
JOIN {schema}.sitesync_files_status AS s USING (representation_id, site_name)
JOIN {schema}.representations AS r ON r.id = l.representation_id
{parents}
LEFT JOIN {schema}.sitesync_attempts AS a ON a.token = l.token
LEFT JOIN public.sitesync_agents AS g ON g.agent_id = l.agent_id
CROSS JOIN LATERAL (
    SELECT least(coalesce(sum((file ->> 'size')::numeric), 0), 9223372036854775807)
        AS bytes
    FROM jsonb_path_query(
        s.data, '$.files.* ? (@.status == 0 && @.size.type() == "number")'
    ) AS file
) AS running
WHERE l.expires_at > to_timestamp($2::float8)
    AND ($1::text[] IS NULL OR h.path LIKE ANY ($1::text[]))
    AND ($4::varchar[] IS NULL OR l.site_name = ANY ($4::varchar[]))
ORDER BY s.changed_at DESC, l.representation_id, l.site_name
LIMIT $3;

-- name: queued
-- What waits for an agent, in the order of the queue: each site by its own index.
-- $2 now, $3 how many, $4 sites or NULL.
WITH RECURSIVE names AS (
    (
        SELECT site_name FROM {schema}.sitesync_files_status
        WHERE due_at IS NOT NULL ORDER BY site_name LIMIT 1
    )
    UNION ALL
    SELECT (
        SELECT s.site_name FROM {schema}.sitesync_files_status AS s
        WHERE s.due_at IS NOT NULL AND s.site_name > names.site_name
        ORDER BY s.site_name LIMIT 1
    )
    FROM names WHERE names.site_name IS NOT NULL
)
SELECT found.*
FROM names
CROSS JOIN LATERAL (
    SELECT s.representation_id, s.site_name, s.priority, s.files_total, s.files_synced,
        s.bytes_total, s.bytes_done, s.last_error,
        extract(epoch FROM s.due_at)::float8 AS due_at,
        h.path, p.name AS product, v.version, r.name AS representation
    FROM {schema}.sitesync_files_status AS s
    JOIN {schema}.representations AS r ON r.id = s.representation_id AND r.active
    {parents}
    WHERE s.site_name = names.site_name
        AND s.due_at IS NOT NULL
        AND NOT EXISTS (
            SELECT 1 FROM {schema}.sitesync_leases AS l
            WHERE l.representation_id = s.representation_id
                AND l.site_name = s.site_name
                AND l.expires_at > to_timestamp($2::float8)
        )
        AND ($1::text[] IS NULL OR h.path LIKE ANY ($1::text[]))
    ORDER BY s.priority DESC, s.due_at, s.representation_id
    LIMIT $3
) AS found
WHERE $4::varchar[] IS NULL OR names.site_name = ANY ($4::varchar[])
ORDER BY found.priority DESC, found.due_at, found.representation_id, found.site_name
LIMIT $3;

-- name: queued_total
-- Counts up to $3; $4 sites or NULL. Parents are joined for their paths only: who may
-- read all does without.
SELECT count(*) AS total
FROM (
    SELECT 1
    FROM {schema}.sitesync_files_status AS s
    JOIN {schema}.representations AS r ON r.id = s.representation_id AND r.active
    {parents}
    WHERE s.due_at IS NOT NULL
        AND NOT EXISTS (
            SELECT 1 FROM {schema}.sitesync_leases AS l
            WHERE l.representation_id = s.representation_id
                AND l.site_name = s.site_name
                AND l.expires_at > to_timestamp($2::float8)
        )
        AND {readable}
        AND ($4::varchar[] IS NULL OR s.site_name = ANY ($4::varchar[]))
    LIMIT $3
) AS waiting;

-- name: no_parents
-- name: on_paths
h.path LIKE ANY ($1::text[])

-- name: everywhere
$1::text[] IS NULL

-- name: throughput
-- Bytes that arrived by site and minute: $1 now, $2 minutes, $3 site or NULL.
SELECT extract(epoch FROM minute)::float8 AS at, site_name,
    least(sum(bytes), 9223372036854775807)::bigint AS bytes
FROM {schema}.sitesync_throughput
WHERE minute > to_timestamp($1::float8) - make_interval(mins => $2::integer)
    AND ($3::varchar IS NULL OR site_name = $3::varchar)
GROUP BY 1, 2
ORDER BY 1, 2;

-- name: attempts
-- Runs about representation $1, newest first; $2 site or NULL, $3 how many, beyond the
-- run $5 that started at $4.
SELECT a.token, a.site_name, a.source_site, a.agent_id, a.user_name, g.hostname,
    extract(epoch FROM a.started_at)::float8 AS started_at,
    extract(epoch FROM a.finished_at)::float8 AS finished_at,
    (extract(epoch FROM a.started_at) * 1000000)::bigint AS position,
    a.outcome, a.files_total, a.files_synced, a.files_failed, a.bytes_done, a.errors
FROM {schema}.sitesync_attempts AS a
LEFT JOIN public.sitesync_agents AS g ON g.agent_id = a.agent_id
WHERE a.representation_id = $1
    AND ($2::varchar IS NULL OR a.site_name = $2::varchar)
    AND ($4::bigint IS NULL OR (a.started_at, a.token)
        < (timestamptz 'epoch' + $4::bigint * interval '1 microsecond', $5::uuid))
ORDER BY a.started_at DESC, a.token DESC
LIMIT $3;

-- name: held
-- Transfers that agents hold in a project; many projects are asked at once.
SELECT agent_id, count(*) AS held
FROM {schema}.sitesync_leases
WHERE expires_at > public.sitesync_now_v1()
GROUP BY agent_id

-- name: held_sites
-- The sites from and to which agents hold transfers.
SELECT l.agent_id, array_agg(DISTINCT names.site_name) AS site_names
FROM {schema}.sitesync_leases AS l
CROSS JOIN LATERAL (VALUES (l.site_name), (l.source_site)) AS names (site_name)
WHERE l.expires_at > public.sitesync_now_v1()
GROUP BY l.agent_id;

-- name: agents
-- $1 how many seconds after its last sign an agent counts as live.
SELECT agent_id, site_name, hostname, user_name, version, health,
    extract(epoch FROM started_at)::float8 AS started_at,
    extract(epoch FROM seen_at)::float8 AS seen_at,
    seen_at > public.sitesync_now_v1() - make_interval(secs => $1::float8) AS is_live
FROM public.sitesync_agents
ORDER BY is_live DESC, seen_at DESC, agent_id
LIMIT 1000;
