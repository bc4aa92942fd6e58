-- Growing tables, cut down a few rows at a time. $1 keeps what is younger (days, or
-- seconds where it says so), the last value is how many rows go at once.

-- name: attempts
DELETE FROM {schema}.sitesync_attempts
WHERE token IN (
    SELECT a.token FROM {schema}.sitesync_attempts AS a
    WHERE a.started_at < {schema}.sitesync_now_v1() - make_interval(days => $1)
        AND NOT EXISTS (
            SELECT 1 FROM {schema}.sitesync_leases AS l
            WHERE l.representation_id = a.representation_id
                AND l.site_name = a.site_name AND l.token = a.token
        )
    ORDER BY a.started_at
    LIMIT $2
);

-- name: throughput
DELETE FROM {schema}.sitesync_throughput
WHERE (minute, site_name, slot) IN (
    SELECT minute, site_name, slot FROM {schema}.sitesync_throughput
    WHERE minute < {schema}.sitesync_now_v1() - make_interval(days => $1)
    ORDER BY minute
    LIMIT $2
);

-- name: tombstones
DELETE FROM {schema}.sitesync_tombstones
WHERE tombstone_id IN (
    SELECT tombstone_id FROM {schema}.sitesync_tombstones
    WHERE deleted_at < {schema}.sitesync_now_v1() - make_interval(days => $1)
    ORDER BY deleted_at
    LIMIT $2
);

-- name: try_lock_public
SELECT pg_try_advisory_xact_lock(hashtextextended('sitesync upkeep public', 0))
    AS locked;

-- name: jobs
-- $1 seconds.
DELETE FROM public.sitesync_jobs
WHERE job_id IN (
    SELECT job_id FROM public.sitesync_jobs
    WHERE started_at < public.sitesync_now_v1() - make_interval(secs => $1::float8)
        OR project_name NOT IN (SELECT name FROM public.projects)
    LIMIT $2
);

-- name: agents
-- $1 seconds without a sign.
DELETE FROM public.sitesync_agents
WHERE agent_id IN (
    SELECT agent_id FROM public.sitesync_agents
    WHERE seen_at < public.sitesync_now_v1() - make_interval(secs => $1::float8)
    LIMIT $2
);

-- name: refused_agents
-- $1 seconds.
DELETE FROM public.sitesync_refused_agents
WHERE (site_name, hostname) IN (
    SELECT site_name, hostname FROM public.sitesync_refused_agents
    WHERE refused_at < public.sitesync_now_v1() - make_interval(secs => $1::float8)
    LIMIT $2
);

-- name: pauses
-- Those of projects that are no more: a new project of the name starts without.
DELETE FROM public.sitesync_pauses
WHERE project_name <> ''
    AND project_name NOT IN (SELECT name FROM public.projects);
