-- Removals: files that agents are to delete. Times are epoch seconds out of one call of
-- the project's clock per operation. Order of locks: representations (advisory), rows,
-- removals.

-- name: has_work
-- A row if a project has removals, or scans that nobody has finished; for many projects
-- joined with UNION ALL.
SELECT '{schema}' AS schema
WHERE EXISTS (SELECT 1 FROM {schema}.sitesync_removals)
    OR EXISTS (SELECT 1 FROM {schema}.sitesync_scans WHERE finished_at IS NULL)

-- name: write_marks
-- What is marked again is tried at once. A removal waits for the end of the lease of a
-- transfer to the site: until then its agent may still put a file there. $6 who, $7 now.
INSERT INTO {schema}.sitesync_removals AS m (
    representation_id, site_name, folder_path, files, entries, user_name,
    marked_at, due_at
)
SELECT new.representation_id, new.site_name, new.folder_path, new.files -> 'list',
    nullif(new.entries -> 'files', 'null'), $6, to_timestamp($7::float8),
    greatest(to_timestamp($7::float8), (
        SELECT max(l.expires_at)
        FROM {schema}.sitesync_leases AS l
        WHERE l.representation_id = new.representation_id
            AND l.site_name = new.site_name
    ))
FROM unnest($1::uuid[], $2::varchar[], $3::varchar[], $4::jsonb[], $5::jsonb[])
    AS new (representation_id, site_name, folder_path, files, entries)
ORDER BY new.representation_id, new.site_name
ON CONFLICT (representation_id, site_name) DO UPDATE
SET folder_path = EXCLUDED.folder_path, files = EXCLUDED.files,
    entries = EXCLUDED.entries, user_name = EXCLUDED.user_name,
    marked_at = EXCLUDED.marked_at, due_at = EXCLUDED.due_at, retries = 0,
    message = NULL,
    is_started = m.expires_at IS NOT NULL AND m.expires_at > to_timestamp($7::float8);

-- name: hurry_marks
-- Try removals now, whatever failed before. $3 now.
UPDATE {schema}.sitesync_removals AS m
SET due_at = least(m.due_at, to_timestamp($3::float8)), retries = 0
FROM unnest($1::uuid[], $2::varchar[]) AS k (representation_id, site_name)
WHERE m.representation_id = k.representation_id AND m.site_name = k.site_name;

-- name: lock_marks
-- The removals of representations $1, of all sites.
SELECT representation_id, site_name, folder_path, files, entries, is_started, retries,
    token, extract(epoch FROM due_at)::float8 AS due_at,
    extract(epoch FROM expires_at)::float8 AS expires_at
FROM {schema}.sitesync_removals
WHERE representation_id = ANY ($1::uuid[])
ORDER BY representation_id, site_name
FOR UPDATE;

-- name: delete_marks
-- A tombstone is over with the removal of what it tells of.
WITH unmarked AS (
    DELETE FROM {schema}.sitesync_removals AS m
    USING unnest($1::uuid[], $2::varchar[]) AS k (representation_id, site_name)
    WHERE m.representation_id = k.representation_id AND m.site_name = k.site_name
    RETURNING m.representation_id, m.site_name
)
DELETE FROM {schema}.sitesync_tombstones AS t
USING unmarked
WHERE t.representation_id = unmarked.representation_id
    AND t.site_name = unmarked.site_name;

-- name: folders_of
SELECT r.id, h.path
FROM {schema}.representations AS r
JOIN {schema}.versions AS v ON v.id = r.version_id
JOIN {schema}.products AS p ON p.id = v.product_id
JOIN {schema}.hierarchy AS h ON h.id = p.folder_id
WHERE r.id = ANY ($1::uuid[]);

-- name: due_marks
-- Representations with a removal on sites $1, which are one store, that is due at $2:
-- nobody holds it at $3 (now), none reads the files from there, and no publish over it
-- is $4 seconds young, whose rows may not be written yet. $5 readable paths, $6 how
-- many of each site, the longest due first.
SELECT DISTINCT due.representation_id
FROM unnest($1::varchar[]) AS site (site_name)
CROSS JOIN LATERAL (
    SELECT m.representation_id
    FROM {schema}.sitesync_removals AS m
    WHERE m.site_name = site.site_name
        AND m.due_at <= to_timestamp($2::float8)
        AND (m.expires_at IS NULL OR m.expires_at <= to_timestamp($3::float8))
        AND ($5::text[] IS NULL OR m.folder_path LIKE ANY ($5::text[]))
        AND NOT EXISTS (
            SELECT 1 FROM {schema}.sitesync_leases AS l
            WHERE l.representation_id = m.representation_id
                AND l.source_site = ANY ($1::varchar[])
                AND l.expires_at > to_timestamp($3::float8)
        )
        AND NOT EXISTS (
            SELECT 1 FROM {schema}.representations AS r
            WHERE r.id = m.representation_id
                AND r.updated_at > greatest(
                    m.marked_at,
                    to_timestamp($3::float8) - make_interval(secs => $4::float8)
                )
                AND r.updated_at <= to_timestamp($3::float8)
        )
    ORDER BY m.due_at
    LIMIT $6
) AS due;

-- name: lost_folders
-- Those of the folders $1 (paths) that are no more, or have another path now.
SELECT path FROM unnest($1::varchar[]) AS wanted (path)
WHERE NOT EXISTS (SELECT 1 FROM {schema}.hierarchy AS h WHERE h.path = wanted.path);

-- name: named_paths
-- Which representations, of folders $1 (paths) or anywhere, need the files $2 on sites
-- $3: they have or want something there, or nobody has said yet where they are.
SELECT file ->> 'path' AS path, array_agg(r.id) AS representation_ids
FROM {schema}.hierarchy AS h
JOIN {schema}.products AS p ON p.folder_id = h.id
JOIN {schema}.versions AS v ON v.product_id = p.id
JOIN {schema}.representations AS r ON r.version_id = v.id
CROSS JOIN LATERAL jsonb_array_elements(
    CASE WHEN jsonb_typeof(r.files) = 'array' THEN r.files ELSE '[]' END
) AS items (file)
WHERE {places}
    AND (
        EXISTS (
            SELECT 1 FROM {schema}.sitesync_files_status AS s
            WHERE s.representation_id = r.id
                AND s.site_name = ANY ($3::varchar[])
                AND s.data @? '$.files.* ? (@.status != -1)'
        )
        OR NOT EXISTS (
            SELECT 1 FROM {schema}.sitesync_files_status AS s
            WHERE s.representation_id = r.id
        )
    )
    AND file ->> 'path' = ANY ($2::text[])
GROUP BY file ->> 'path';

-- name: in_folders
-- Publishing puts folder and product into paths: other folders do not share any.
h.path = ANY ($1::varchar[])

-- name: anywhere
-- Where the folder is not known any more; slow in a large project.
($1::varchar[] IS NULL OR TRUE)

-- name: lease_marks
-- Give removals with tokens $3 to agent $4 of user $5, until $6.
UPDATE {schema}.sitesync_removals AS m
SET token = k.token, agent_id = $4, agent_user = $5,
    expires_at = to_timestamp($6::float8), is_started = TRUE
FROM unnest($1::uuid[], $2::varchar[], $3::uuid[])
    AS k (representation_id, site_name, token)
WHERE m.representation_id = k.representation_id AND m.site_name = k.site_name;

-- name: held_marks
-- The tokens among $1 that agent $2 of user $3 holds at $4.
SELECT representation_id, token
FROM {schema}.sitesync_removals
WHERE token = ANY ($1::uuid[]) AND agent_id = $2 AND agent_user = $3
    AND expires_at > to_timestamp($4::float8);

-- name: renew_marks
UPDATE {schema}.sitesync_removals SET expires_at = to_timestamp($2::float8)
WHERE token = ANY ($1::uuid[]);

-- name: fail_marks
-- The next try of token $1 is at $2 (NULL = when somebody asks); $3 says why.
UPDATE {schema}.sitesync_removals
SET token = NULL, expires_at = NULL, due_at = to_timestamp($2::float8), message = $3,
    retries = retries + 1
WHERE token = $1;

-- name: record_ends
-- The history of removals that an agent has ended: tokens $1, outcomes $2, errors $3 (in
-- an object each, see `count_attempts`), at $4. It names who wanted the removal.
INSERT INTO {schema}.sitesync_attempts (
    token, representation_id, site_name, source_site, agent_id, user_name,
    started_at, finished_at, outcome, files_total, files_failed, errors
)
SELECT gen_random_uuid(), m.representation_id, m.site_name, '', m.agent_id, m.user_name,
    to_timestamp($4::float8), to_timestamp($4::float8), new.outcome,
    jsonb_array_length(m.files), jsonb_array_length(new.errors -> 'list'),
    jsonb_path_query_array(new.errors -> 'list', '$[0 to 99]')
FROM unnest($1::uuid[], $2::varchar[], $3::jsonb[]) AS new (token, outcome, errors)
JOIN {schema}.sitesync_removals AS m ON m.token = new.token
ORDER BY m.representation_id, m.site_name;

-- name: release_marks
-- Give removals back: those with tokens $3, all of an agent if it is NULL.
UPDATE {schema}.sitesync_removals
SET token = NULL, expires_at = NULL
WHERE agent_id = $1 AND agent_user = $2 AND token IS NOT NULL
    AND ($3::uuid[] IS NULL OR token = ANY ($3::uuid[]))
RETURNING representation_id, site_name;

-- name: delete_rows
DELETE FROM {schema}.sitesync_files_status AS s
USING unnest($1::uuid[], $2::varchar[]) AS gone (representation_id, site_name)
WHERE s.representation_id = gone.representation_id AND s.site_name = gone.site_name;

-- name: outlook
-- Removals on sites $1 that agent $3 has not got, of each site the first $5: how many
-- are worth waiting for, which have not failed more than $4 times, and when the next
-- may be had. $2 now.
SELECT
    count(*) FILTER (WHERE first.retries <= $4::integer AND (
        first.expires_at IS NULL OR first.expires_at <= to_timestamp($2::float8)
    )) AS pending,
    extract(epoch FROM min(greatest(first.due_at, first.expires_at)))::float8
        AS next_due_at
FROM unnest($1::varchar[]) AS site (site_name)
CROSS JOIN LATERAL (
    SELECT m.due_at, m.expires_at, m.retries
    FROM {schema}.sitesync_removals AS m
    WHERE m.site_name = site.site_name
        AND m.due_at IS NOT NULL
        AND (
            m.agent_id IS DISTINCT FROM $3
            OR m.expires_at IS NULL
            OR m.expires_at <= to_timestamp($2::float8)
        )
    ORDER BY m.due_at
    LIMIT $5
) AS first;

-- name: count_marks
-- Removals of each site, shown beside its totals. $1 readable paths.
SELECT m.site_name, count(*) AS removing
FROM {schema}.sitesync_removals AS m
WHERE $1::text[] IS NULL OR m.folder_path LIKE ANY ($1::text[])
GROUP BY m.site_name;
