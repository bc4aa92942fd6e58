-- An agent comes, comes again or moves: checked and written in one call, so that those
-- of one site that start together wait for each other for that long only. `rival` and
-- `owner` tell why nothing was written: the host of a live agent with the same own site
-- on another machine or with other roots in a project that both know (older agents tell
-- a flat {root: path}: each root is compared), or another user whose agent it is. The
-- other results are what was known of the agent before.
CREATE OR REPLACE FUNCTION sitesync_register_agent_v1(
    its_id uuid,
    its_site varchar,
    its_user varchar,
    its_host varchar,
    its_version varchar,
    its_roots jsonb,
    its_run uuid,
    live_seconds float8,
    OUT rival varchar,
    OUT owner varchar,
    OUT is_known boolean,
    OUT is_live boolean,
    OUT site_name varchar,
    OUT run_id uuid,
    OUT last_project varchar
)
LANGUAGE plpgsql AS $$
DECLARE
    moment timestamptz;
    live_since timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('sitesync agents ' || its_site, 0));
    moment := public.sitesync_now_v1();
    live_since := moment - make_interval(secs => live_seconds);

    SELECT a.hostname INTO rival
    FROM public.sitesync_agents AS a
    WHERE a.site_name = its_site
        AND a.agent_id <> its_id
        AND a.seen_at > live_since
        AND (
            a.hostname <> its_host
            OR EXISTS (
                SELECT 1
                FROM jsonb_each(a.roots) AS theirs
                JOIN jsonb_each(its_roots) AS ours USING (key)
                WHERE theirs.value <> ours.value
                    AND jsonb_typeof(theirs.value) = jsonb_typeof(ours.value)
            )
        )
    ORDER BY a.seen_at DESC
    LIMIT 1;
    IF rival IS NOT NULL THEN
        RETURN;
    END IF;

    SELECT a.user_name, a.seen_at > live_since, a.site_name, a.run_id, a.last_project
    INTO owner, is_live, site_name, run_id, last_project
    FROM public.sitesync_agents AS a
    WHERE a.agent_id = its_id;
    is_known := FOUND;
    IF owner <> its_user THEN
        RETURN;
    END IF;

    -- An agent that tells no run keeps what is stored. What an earlier run told of its
    -- health is void.
    INSERT INTO public.sitesync_agents AS a (
        agent_id, site_name, user_name, hostname, version, roots, run_id,
        started_at, seen_at
    )
    VALUES (
        its_id, its_site, its_user, its_host, its_version, its_roots, its_run,
        moment, moment
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
END
$$;
