-- What is paused. '' stands for every project, or every site.

-- name: scopes
SELECT project_name, site_name FROM public.sitesync_pauses;

-- name: list
SELECT project_name, site_name, reason, user_name,
    extract(epoch FROM since)::float8 AS since
FROM public.sitesync_pauses
ORDER BY project_name, site_name;

-- name: pause
-- Who pauses what is paused gives a new reason; since when stays.
INSERT INTO public.sitesync_pauses AS p
    (project_name, site_name, reason, user_name, since)
VALUES ($1, $2, $3, $4, public.sitesync_now_v1())
ON CONFLICT (project_name, site_name) DO UPDATE
SET reason = EXCLUDED.reason, user_name = EXCLUDED.user_name;

-- name: resume
DELETE FROM public.sitesync_pauses WHERE project_name = $1 AND site_name = $2;
