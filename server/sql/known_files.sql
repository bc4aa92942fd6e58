-- The files of representations as our rows know them. Times are epoch seconds.

-- name: record
-- Note the files of representations $1 that nobody has noted; $2 now. $3: the
-- representations are new, and no site is said to have them.
INSERT INTO {schema}.sitesync_known_files
    (representation_id, folder_path, files, awaited_since)
SELECT r.id, h.path, r.files,
    CASE WHEN $3::boolean
        THEN least(r.created_at, to_timestamp($2::float8)) END
FROM {schema}.representations AS r
{parents}
WHERE r.id = ANY ($1::uuid[]) AND jsonb_typeof(r.files) = 'array'
ORDER BY r.id
ON CONFLICT (representation_id) DO NOTHING;

-- name: parents
JOIN {schema}.versions AS v ON v.id = r.version_id
JOIN {schema}.products AS p ON p.id = v.product_id
LEFT JOIN {schema}.hierarchy AS h ON h.id = p.folder_id

-- name: files_and_known
-- The files of representations $1 now, and as we know them.
SELECT r.id, r.files, k.files AS known_files
FROM {schema}.representations AS r
LEFT JOIN {schema}.sitesync_known_files AS k ON k.representation_id = r.id
WHERE r.id = ANY ($1::uuid[]);

-- name: known_of
SELECT representation_id, files
FROM {schema}.sitesync_known_files
WHERE representation_id = ANY ($1::uuid[]);

-- name: renew
-- The rows of representations $1 are in line now; those among $2 have files that no
-- site is said to have since $3.
INSERT INTO {schema}.sitesync_known_files AS k
    (representation_id, folder_path, files, awaited_since)
SELECT r.id, h.path, r.files,
    CASE WHEN r.id = ANY ($2::uuid[]) THEN to_timestamp($3::float8) END
FROM {schema}.representations AS r
{parents}
WHERE r.id = ANY ($1::uuid[]) AND jsonb_typeof(r.files) = 'array'
ORDER BY r.id
ON CONFLICT (representation_id) DO UPDATE
SET folder_path = EXCLUDED.folder_path, files = EXCLUDED.files,
    awaited_since = coalesce(k.awaited_since, EXCLUDED.awaited_since);

-- name: move_checksums
-- Files of representations $1 that are the same under a new id ($2 old, $3 new).
UPDATE {schema}.sitesync_file_checksums AS c
SET file_id = moved.new_id
FROM unnest($1::uuid[], $2::varchar[], $3::varchar[])
    AS moved (representation_id, old_id, new_id)
WHERE c.representation_id = moved.representation_id
    AND c.file_id = moved.old_id
    AND NOT EXISTS (
        SELECT 1 FROM {schema}.sitesync_file_checksums AS other
        WHERE other.representation_id = c.representation_id
            AND other.file_id = moved.new_id AND other.algorithm = c.algorithm
    );

-- name: drop_checksums
-- Checksums of content that a file of the same id no longer has.
DELETE FROM {schema}.sitesync_file_checksums AS c
USING unnest($1::uuid[], $2::varchar[]) AS changed (representation_id, file_id)
WHERE c.representation_id = changed.representation_id
    AND c.file_id = changed.file_id;

-- name: newer
-- Representations created after number $1 that nobody has noted, oldest first; $2 how
-- many. Looked up one by one (no join): the cost is that of the new ones.
SELECT r.id, r.creation_order
FROM {schema}.representations AS r
WHERE r.creation_order > $1
    AND (
        SELECT k.representation_id FROM {schema}.sitesync_known_files AS k
        WHERE k.representation_id = r.id
    ) IS NULL
ORDER BY r.creation_order
LIMIT $2;

-- name: newest
SELECT coalesce(max(creation_order), 0) AS number FROM {schema}.representations;

-- name: settled
-- The last number after $1, and not after $2, of what was created before $3: whatever
-- was written by then can be seen.
SELECT coalesce(max(r.creation_order), $1)::bigint AS number
FROM {schema}.representations AS r
WHERE r.creation_order > $1
    AND ($2::bigint IS NULL OR r.creation_order <= $2)
    AND coalesce(r.created_at, '-infinity') <= to_timestamp($3::float8);

-- name: awaited
-- Representations whose files no site has been said to have since $1, or longer; $2
-- how many.
SELECT representation_id
FROM {schema}.sitesync_known_files
WHERE awaited_since <= to_timestamp($1::float8)
ORDER BY awaited_since
LIMIT $2;

-- name: settle
UPDATE {schema}.sitesync_known_files SET awaited_since = NULL
WHERE representation_id = ANY ($1::uuid[]);

-- name: batch
-- The next representations after $1, $2 how many: which of them nobody has noted, which
-- have other files or another folder than we know, which have rows of other files. What
-- is younger than number $3 is left to who finds what is new.
SELECT r.id,
    k.representation_id IS NULL AND r.creation_order <= $3 AS is_unknown,
    k.representation_id IS NOT NULL AND (
        k.files IS DISTINCT FROM r.files OR k.folder_path IS DISTINCT FROM h.path
    ) AS is_changed,
    EXISTS (
        SELECT 1 FROM {schema}.sitesync_files_status AS s
        WHERE s.representation_id = r.id
            AND ARRAY(
                SELECT name FROM jsonb_object_keys(
                    CASE WHEN jsonb_typeof(s.data -> 'files') = 'object'
                        THEN s.data -> 'files' ELSE '{}' END
                ) AS name ORDER BY name COLLATE "C"
            ) <> ARRAY(
                SELECT file ->> 'id' FROM jsonb_array_elements(r.files) AS items (file)
                WHERE jsonb_typeof(file -> 'id') = 'string'
                ORDER BY (file ->> 'id') COLLATE "C"
            )
    ) AS is_out_of_line
FROM (
    SELECT * FROM {schema}.representations
    WHERE id > $1 ORDER BY id LIMIT $2
) AS r
{parents}
LEFT JOIN {schema}.sitesync_known_files AS k ON k.representation_id = r.id
WHERE jsonb_typeof(r.files) = 'array';

-- name: batch_end
-- The last of the next $2 representations after $1; NULL where there are fewer.
SELECT id FROM {schema}.representations
WHERE id > $1 ORDER BY id OFFSET $2::integer - 1 LIMIT 1;

-- name: forget_deleted
-- What is known of representations that are no more: of the next $2 after $1. The last
-- id looked at, NULL at the end.
WITH batch AS (
    SELECT representation_id FROM {schema}.sitesync_known_files
    WHERE representation_id > $1 ORDER BY representation_id LIMIT $2
),
gone AS (
    DELETE FROM {schema}.sitesync_known_files AS k
    USING batch
    WHERE k.representation_id = batch.representation_id
        AND NOT EXISTS (
            SELECT 1 FROM {schema}.representations AS r
            WHERE r.id = batch.representation_id
        )
    RETURNING k.representation_id
),
unproven AS (
    DELETE FROM {schema}.sitesync_file_checksums AS c
    USING gone WHERE c.representation_id = gone.representation_id
)
SELECT representation_id AS last FROM batch
ORDER BY representation_id DESC LIMIT 1;

-- name: inactive_leases
-- What agents hold of entities that are no longer active. Tables in the order in which
-- a project's deletion takes them.
SELECT l.representation_id, l.site_name
FROM {schema}.folders AS f
JOIN {schema}.products AS p ON p.folder_id = f.id
JOIN {schema}.versions AS v ON v.product_id = p.id
JOIN {schema}.representations AS r ON r.version_id = v.id
JOIN {schema}.sitesync_leases AS l ON l.representation_id = r.id
WHERE NOT (r.active AND v.active AND p.active AND f.active)
LIMIT 200;
