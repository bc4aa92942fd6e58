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

-- name: rename_project
-- A project that is called $2 now; what somebody paused by its new name stays.
UPDATE public.sitesync_pauses AS p SET project_name = $2
WHERE project_name = $1
    AND NOT EXISTS (SELECT 1 FROM public.projects WHERE name = $1)
    AND NOT EXISTS (
        SELECT 1 FROM public.sitesync_pauses AS other
        WHERE other.project_name = $2 AND other.site_name = p.site_name
    );

-- name: forget_earlier_project
-- Of an earlier project of the name $1.
DELETE FROM public.sitesync_pauses AS p
USING public.projects
WHERE p.project_name = $1 AND projects.name = $1 AND p.since < projects.created_at;
