-- Whose machine a site is. The first user is in `access.sql`; these are the others.

-- name: list
SELECT user_name, added_by, extract(epoch FROM added_at)::float8 AS added_at
FROM public.sitesync_machine_sites
WHERE site_name = $1
ORDER BY added_at, user_name;

-- name: user_exists
SELECT EXISTS (SELECT 1 FROM public.users WHERE name = $1) AS found;

-- name: add
INSERT INTO public.sitesync_machine_sites (site_name, user_name, added_by, added_at)
VALUES ($1, $2, $3, public.sitesync_now_v1())
ON CONFLICT (site_name, user_name) DO NOTHING;

-- name: remove
DELETE FROM public.sitesync_machine_sites WHERE site_name = $1 AND user_name = $2;
