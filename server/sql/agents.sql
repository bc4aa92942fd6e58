-- Running agents, across projects.

-- name: note_sign
-- The sign of life of an agent that is live and tells nothing new: it has its site
-- already, so there is nothing to check. $8 how many seconds after its last sign an agent
-- counts as live, $9 the sites that it serves beside its own.
UPDATE public.sitesync_agents SET seen_at = public.sitesync_now_v1()
WHERE agent_id = $1 AND site_name = $2 AND user_name = $3 AND hostname = $4
    AND version = $5 AND roots = $6 AND ($7::uuid IS NULL OR run_id = $7)
    AND serves = $9::varchar[]
    AND seen_at > public.sitesync_now_v1() - make_interval(secs => $8::float8)
RETURNING last_project, extract(epoch FROM seen_at)::float8 AS now;

-- name: register
-- $7 the run, $8 as in `note_sign`.
SELECT rival, owner, is_known, is_live, site_name, run_id, last_project,
    extract(epoch FROM public.sitesync_now_v1())::float8 AS now
FROM public.sitesync_register_agent_v1(
    $1::uuid, $2::varchar, $3::varchar, $4::varchar, $5::varchar, $6::jsonb, $7::uuid,
    $8::float8
);

-- name: note_serving
UPDATE public.sitesync_agents SET serves = $2 WHERE agent_id = $1;

-- name: tell_gone
-- Agents without a sign for $1 seconds of which nobody was told: they are from now on,
-- so of many that ask at once one gets each.
UPDATE public.sitesync_agents
SET told_gone_at = public.sitesync_now_v1()
WHERE seen_at <= public.sitesync_now_v1() - make_interval(secs => $1::float8)
    AND (told_gone_at IS NULL OR told_gone_at <= seen_at)
RETURNING site_name, serves;

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

-- name: serving
-- Agents that may serve the shared sites $1: they run for one, or told so, or are those
-- in $3.
SELECT agent_id, site_name, hostname, user_name, version, serves,
    extract(epoch FROM seen_at)::float8 AS seen_at,
    seen_at > public.sitesync_now_v1() - make_interval(secs => $2::float8) AS is_live
FROM public.sitesync_agents
WHERE site_name = ANY ($1::varchar[]) OR serves && $1::varchar[]
    OR agent_id = ANY ($3::uuid[])
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
