-- The record of hand-outs of credentials. Times are epoch seconds.

-- name: record
-- $4 sites and $6 what became of each, `handed` or an error code.
INSERT INTO public.sitesync_credential_handouts AS h (
    day, user_name, machine, project_name, site_name, variant, outcome,
    first_at, last_at
)
SELECT (public.sitesync_now_v1() AT TIME ZONE 'UTC')::date, $1, $2, $3, each.site_name,
    $5, each.outcome, public.sitesync_now_v1(), public.sitesync_now_v1()
FROM unnest($4::varchar[], $6::varchar[]) AS each (site_name, outcome)
ON CONFLICT (day, user_name, machine, project_name, site_name, variant, outcome)
DO UPDATE SET times = h.times + 1, last_at = EXCLUDED.last_at;

-- name: forget_old
-- $1 days.
DELETE FROM public.sitesync_credential_handouts
WHERE day < (public.sitesync_now_v1() AT TIME ZONE 'UTC')::date - $1::integer;

-- name: rename_project
-- A project that is called $2 now; its record by that name already is joined.
WITH moved AS (
    DELETE FROM public.sitesync_credential_handouts
    WHERE project_name = $1
        AND NOT EXISTS (SELECT 1 FROM public.projects WHERE name = $1)
    RETURNING *
)
INSERT INTO public.sitesync_credential_handouts AS h (
    day, user_name, machine, project_name, site_name, variant, outcome, times,
    first_at, last_at
)
SELECT day, user_name, machine, $2, site_name, variant, outcome, times, first_at, last_at
FROM moved
ON CONFLICT (day, user_name, machine, project_name, site_name, variant, outcome)
DO UPDATE SET times = h.times + EXCLUDED.times,
    first_at = least(h.first_at, EXCLUDED.first_at),
    last_at = greatest(h.last_at, EXCLUDED.last_at);

-- name: list
-- The newest $2 of project $1.
SELECT user_name, machine, site_name, variant, outcome, times,
    extract(epoch FROM first_at)::float8 AS first_at,
    extract(epoch FROM last_at)::float8 AS last_at
FROM public.sitesync_credential_handouts
WHERE project_name = $1
ORDER BY last_at DESC, user_name, machine, site_name, variant, outcome
LIMIT $2;

-- name: existing_secrets
-- Names only.
SELECT name FROM public.secrets WHERE name = ANY ($1::varchar[]);
