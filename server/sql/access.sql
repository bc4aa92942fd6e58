-- What a caller is to a representation and to a site.
-- A path pattern is a LIKE pattern with its own wildcards escaped, or NULL = all.

-- name: representation
SELECT r.id, r.files, v.author, h.path
FROM {schema}.representations AS r
JOIN {schema}.versions AS v ON v.id = r.version_id
JOIN {schema}.products AS p ON p.id = v.product_id
LEFT JOIN {schema}.hierarchy AS h ON h.id = p.folder_id
WHERE r.id = $1;

-- name: representations
SELECT r.id, r.files, v.author, h.path,
    $2::text[] IS NULL OR coalesce(h.path LIKE ANY ($2::text[]), FALSE) AS is_readable
FROM {schema}.representations AS r
JOIN {schema}.versions AS v ON v.id = r.version_id
JOIN {schema}.products AS p ON p.id = v.product_id
LEFT JOIN {schema}.hierarchy AS h ON h.id = p.folder_id
WHERE r.id = ANY ($1::uuid[]);

-- name: path_matches
SELECT $1::text LIKE ANY ($2::text[]) AS matches;

-- name: machine_owners
SELECT user_name FROM public.sitesync_machine_sites WHERE site_name = $1;

-- name: machine_known
-- A machine that AYON has registered, or one whose agent has worked.
SELECT EXISTS (SELECT 1 FROM public.sites WHERE id = $1)
    OR EXISTS (SELECT 1 FROM public.sitesync_machine_sites WHERE site_name = $1)
    AS found;

-- name: machines_among
-- Which of the names $1 are machines, as above.
SELECT id FROM public.sites WHERE id = ANY ($1::varchar[])
UNION
SELECT site_name FROM public.sitesync_machine_sites WHERE site_name = ANY ($1::varchar[]);

-- name: site_in_use
SELECT EXISTS (
    SELECT 1 FROM {schema}.sitesync_files_status WHERE site_name = $1
) AS found;
