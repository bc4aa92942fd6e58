-- Running agents, across projects.

-- name: lock_site
SELECT pg_advisory_xact_lock(hashtextextended('sitesync agents ' || $1::text, 0));

-- name: conflict
-- A live agent with the same own site, on another machine or with other roots in a
-- project that both know. Older agents tell a flat {root: path}: each root is compared.
-- $3 how many seconds after its last sign an agent counts as live.
SELECT hostname FROM public.sitesync_agents
WHERE site_name = $1
    AND agent_id <> $2
    AND seen_at > public.sitesync_now_v1() - make_interval(secs => $3::float8)
    AND (
        hostname <> $4
        OR EXISTS (
            SELECT 1
            FROM jsonb_each(roots) AS theirs
            JOIN jsonb_each($5::jsonb) AS ours USING (key)
            WHERE theirs.value <> ours.value
                AND jsonb_typeof(theirs.value) = jsonb_typeof(ours.value)
        )
    )
ORDER BY seen_at DESC
LIMIT 1;

-- name: note_sign
-- The sign of life of an agent that is live and tells nothing new: it has its site
-- already, so there is nothing to check. $8 as in `conflict`.
UPDATE public.sitesync_agents SET seen_at = public.sitesync_now_v1()
WHERE agent_id = $1 AND site_name = $2 AND user_name = $3 AND hostname = $4
    AND version = $5 AND roots = $6 AND ($7::uuid IS NULL OR run_id = $7)
    AND seen_at > public.sitesync_now_v1() - make_interval(secs => $8::float8)
RETURNING last_project;

-- name: get
SELECT agent_id, site_name, user_name, hostname, version, roots, last_project, run_id,
    seen_at > public.sitesync_now_v1() - make_interval(secs => $2::float8) AS is_live
FROM public.sitesync_agents WHERE agent_id = $1;

-- name: write
-- $7 the run; an agent that tells none keeps what is stored. What an earlier run told of
-- its health is void.
INSERT INTO public.sitesync_agents AS a (
    agent_id, site_name, user_name, hostname, version, roots, run_id,
    started_at, seen_at
)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, public.sitesync_now_v1(), public.sitesync_now_v1()
)
ON CONFLICT (agent_id) DO UPDATE
SET site_name = EXCLUDED.site_name, user_name = EXCLUDED.user_name,
    hostname = EXCLUDED.hostname, version = EXCLUDED.version,
    roots = EXCLUDED.roots, seen_at = EXCLUDED.seen_at,
    run_id = coalesce(EXCLUDED.run_id, a.run_id),
    health = CASE WHEN EXCLUDED.run_id IS NULL OR EXCLUDED.run_id = a.run_id
        THEN a.health END,
    started_at = CASE WHEN EXCLUDED.run_id IS DISTINCT FROM a.run_id
        AND EXCLUDED.run_id IS NOT NULL THEN EXCLUDED.started_at
        ELSE coalesce(a.started_at, EXCLUDED.started_at) END;

-- name: touch
UPDATE public.sitesync_agents SET seen_at = public.sitesync_now_v1()
WHERE agent_id = $1 AND user_name = $2;

-- name: note_refusal
INSERT INTO public.sitesync_refused_agents (
    site_name, hostname, other_hostname, user_name, refused_at
)
VALUES ($1, $2, $3, $4, public.sitesync_now_v1())
ON CONFLICT (site_name, hostname) DO UPDATE
SET other_hostname = EXCLUDED.other_hostname, user_name = EXCLUDED.user_name,
    refused_at = EXCLUDED.refused_at;

-- name: note_health
-- $3 replaces what the agent told before. News are other faults of sites; what they
-- were is read under the lock of the row.
WITH before AS MATERIALIZED (
    SELECT agent_id, coalesce(health -> 'sites', '[]') AS sites
    FROM public.sitesync_agents
    WHERE agent_id = $1 AND user_name = $2
    FOR UPDATE
)
UPDATE public.sitesync_agents AS a
SET health = $3::jsonb
FROM before
WHERE a.agent_id = before.agent_id
RETURNING a.site_name, before.sites <> $3::jsonb -> 'sites' AS is_news;

-- name: end
-- The agent has ended: its last sign is put back by $3, so that it is no live one.
UPDATE public.sitesync_agents
SET seen_at = least(
    seen_at, public.sitesync_now_v1() - make_interval(secs => $3::float8)
)
WHERE agent_id = $1 AND user_name = $2
RETURNING site_name;

-- name: remember_project
UPDATE public.sitesync_agents SET last_project = $2 WHERE agent_id = $1;

-- name: of_sites
SELECT agent_id, site_name, hostname, user_name, version,
    extract(epoch FROM seen_at)::float8 AS seen_at,
    seen_at > public.sitesync_now_v1() - make_interval(secs => $2::float8) AS is_live
FROM public.sitesync_agents
WHERE site_name = ANY ($1::varchar[])
ORDER BY seen_at DESC, agent_id
LIMIT 500;

-- name: live_sites_of_user
-- Where a user's own agents are at work, for example on the machine before him.
SELECT DISTINCT site_name FROM public.sitesync_agents
WHERE user_name = $1
    AND seen_at > public.sitesync_now_v1() - make_interval(secs => $2::float8)
ORDER BY site_name
LIMIT 20;

-- name: live_among
-- Those of the sites $1 that live agents have as their own.
SELECT DISTINCT site_name FROM public.sitesync_agents
WHERE site_name = ANY ($1::varchar[])
    AND seen_at > public.sitesync_now_v1() - make_interval(secs => $2::float8);

-- name: seen_machines
-- Machines whose agents called within the time that agents are kept, the first $1.
SELECT DISTINCT m.site_name
FROM public.sitesync_machine_sites AS m
JOIN public.sitesync_agents AS a ON a.site_name = m.site_name
ORDER BY m.site_name
LIMIT $1;

-- name: now
SELECT extract(epoch FROM public.sitesync_now_v1())::float8 AS now;
