-- Orders that run on after their request.

-- name: start
INSERT INTO public.sitesync_jobs
    (job_id, verb, project_name, user_name, state, started_at, seen_at)
VALUES ($1, $2, $3, $4, 'running', public.sitesync_now_v1(), public.sitesync_now_v1());

-- name: forget_old
-- $1 how many seconds a job is kept.
DELETE FROM public.sitesync_jobs
WHERE started_at < public.sitesync_now_v1() - make_interval(secs => $1::float8);

-- name: note
-- $2 the state, $3 what it came to so far.
UPDATE public.sitesync_jobs
SET state = $2::varchar, result = $3, seen_at = public.sitesync_now_v1(),
    finished_at = CASE WHEN $2::varchar = 'running' THEN NULL ELSE public.sitesync_now_v1() END
WHERE job_id = $1;

-- name: rename_project
-- A project that is called $2 now.
UPDATE public.sitesync_jobs SET project_name = $2
WHERE project_name = $1
    AND NOT EXISTS (SELECT 1 FROM public.projects WHERE name = $1);

-- name: get
-- $2 how many seconds without a sign of its worker a job is given up.
SELECT job_id, verb, project_name, user_name, state, result,
    extract(epoch FROM started_at)::float8 AS started_at,
    extract(epoch FROM finished_at)::float8 AS finished_at,
    state = 'running'
        AND seen_at < public.sitesync_now_v1() - make_interval(secs => $2::float8)
        AS is_lost
FROM public.sitesync_jobs WHERE job_id = $1;
