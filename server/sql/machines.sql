-- Whose machine a site is: its first user, and those whom he or a manager adds.

-- name: list
SELECT user_name, added_by, extract(epoch FROM added_at)::float8 AS added_at
FROM public.sitesync_machine_sites
WHERE site_name = $1
ORDER BY added_at, user_name;

-- name: user_exists
SELECT EXISTS (SELECT 1 FROM public.users WHERE name = $1) AS found;

-- name: own
-- The first user becomes the owner; a second one at the same time gets nothing.
INSERT INTO public.sitesync_machine_sites (site_name, user_name, added_by, added_at)
SELECT $1::varchar, $2::varchar, $2::varchar, public.sitesync_now_v1()
WHERE NOT EXISTS (
    SELECT 1 FROM public.sitesync_machine_sites WHERE site_name = $1::varchar
);

-- name: lock
SELECT pg_advisory_xact_lock(hashtextextended('sitesync machine ' || $1::text, 0));

-- name: registered_site
SELECT id, data -> 'users' AS users FROM public.sites WHERE id = $1;

-- name: add
INSERT INTO public.sitesync_machine_sites (site_name, user_name, added_by, added_at)
VALUES ($1, $2, $3, public.sitesync_now_v1())
ON CONFLICT (site_name, user_name) DO NOTHING;

-- name: remove
DELETE FROM public.sitesync_machine_sites WHERE site_name = $1 AND user_name = $2;
