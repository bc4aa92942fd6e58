-- What operators do to rows of sitesync_files_status: many rows at once, in slices.
-- Statements that insert rows bring their counts along; the JSON and the counts are
-- those of the trigger and of `rebuild_entries`. Where ids are many they come and go as
-- text: the pool converts each by itself.

-- name: insert_missing
-- Rows of representations $1 on sites $2 that have none there: all files with status
-- $3, 1 or 4 (then with their size), priority $4, $5 now. What is made at the same
-- moment by somebody else stays his.
WITH wanted AS (
    SELECT r.id, site_name, r.files
    FROM {schema}.representations AS r
    CROSS JOIN unnest($2::varchar[]) AS site_name
    WHERE r.id = ANY ($1::text[]::uuid[])
        AND jsonb_typeof(r.files) = 'array'
        AND NOT r.files @? '$[*] ? (@.type() != "object")'
        AND NOT EXISTS (
            SELECT 1 FROM {schema}.sitesync_files_status AS s
            WHERE s.representation_id = r.id AND s.site_name = site_name.site_name
        )
    ORDER BY r.id, site_name
    -- What somebody is deleting is left to him: nobody waits here for a deletion.
    FOR KEY SHARE OF r SKIP LOCKED
),
inserted AS (
    INSERT INTO {schema}.sitesync_files_status (
        representation_id, site_name, status, priority, data,
        files_total, files_due, files_failed, files_synced, files_verified,
        bytes_total, bytes_done, due_at, changed_at
    )
    SELECT
        wanted.id, wanted.site_name, $3::integer, $4, built.data,
        counted.files,
        CASE WHEN $3::integer = 1 THEN counted.files ELSE 0 END,
        0,
        CASE WHEN $3::integer = 4 THEN counted.files ELSE 0 END,
        0,
        built.bytes_total,
        built.bytes_done,
        CASE WHEN $3::integer = 1 THEN to_timestamp(floor($5::float8)) END,
        to_timestamp($5::float8)
    FROM wanted
    CROSS JOIN LATERAL (
        -- Put together as text: several times quicker than objects out of objects.
        -- The inner SELECT is what all entries have, put together once.
        SELECT
            ('{"files":{' || string_agg(
                file.id::text
                || CASE WHEN $3::integer = 4
                    THEN ':{"size":' || least(sized.size, 9223372036854775807)
                        || ',"hash":'
                    ELSE ':{"size":0,"hash":' END
                || CASE WHEN jsonb_typeof(file.hash) = 'string'
                    THEN file.hash::text ELSE '""' END
                || (
                    SELECT ',"status":' || $3::integer
                        || ',"timestamp":' || floor($5::float8)::bigint || '}'
                ), ','
            ) FILTER (WHERE jsonb_typeof(file.id) = 'string') || '}}')::jsonb AS data,
            least(coalesce(sum(sized.size), 0), 9223372036854775807)::bigint
                AS bytes_total,
            least(coalesce(sum(sized.size) FILTER (
                WHERE $3::integer = 4 AND jsonb_typeof(file.id) = 'string'
            ), 0), 9223372036854775807)::bigint AS bytes_done
        FROM jsonb_to_recordset(wanted.files) AS file (id jsonb, hash jsonb, size jsonb)
        CROSS JOIN LATERAL (
            SELECT CASE WHEN jsonb_typeof(file.size) = 'number'
                THEN greatest(trunc(file.size::numeric), 0)
                ELSE 0 END AS size
        ) AS sized
        -- The JSON itself would be put together once more to be looked at here.
        HAVING bool_or(jsonb_typeof(file.id) = 'string')
    ) AS built
    CROSS JOIN LATERAL (
        SELECT count(*) AS files FROM jsonb_object_keys(built.data -> 'files')
    ) AS counted
    ON CONFLICT (representation_id, site_name) DO NOTHING
    RETURNING representation_id, site_name, files_total, bytes_total
)
SELECT
    coalesce(array_agg(replace(representation_id::text, '-', '')), '{}')
        AS representation_ids,
    coalesce(array_agg(site_name), '{}') AS site_names,
    coalesce(sum(files_total), 0)::bigint AS files,
    least(coalesce(sum(bytes_total), 0), 9223372036854775807)::bigint AS bytes
FROM inserted;

-- name: count_missing
-- What `insert_missing` would make. Counts of another site are taken where there are
-- some; else the files are opened.
SELECT count(*) AS rows, coalesce(sum(files), 0)::bigint AS files,
    least(coalesce(sum(bytes), 0), 9223372036854775807)::bigint AS bytes
FROM (
    SELECT
        coalesce(counted.files_total, jsonb_array_length(r.files)) AS files,
        coalesce(counted.bytes_total, (
            SELECT sum(greatest((file ->> 'size')::numeric, 0))
            FROM jsonb_array_elements(r.files) AS items (file)
            WHERE jsonb_typeof(file -> 'size') = 'number'
        )) AS bytes
    FROM {schema}.representations AS r
    CROSS JOIN unnest($2::varchar[]) AS site_name
    LEFT JOIN LATERAL (
        SELECT c.files_total, c.bytes_total
        FROM {schema}.sitesync_files_status AS c
        WHERE c.representation_id = r.id AND c.files_total IS NOT NULL
        LIMIT 1
    ) AS counted ON TRUE
    WHERE r.id = ANY ($1::text[]::uuid[])
        AND jsonb_typeof(r.files) = 'array'
        AND jsonb_array_length(r.files) > 0
        AND NOT EXISTS (
            SELECT 1 FROM {schema}.sitesync_files_status AS s
            WHERE s.representation_id = r.id AND s.site_name = site_name.site_name
        )
) AS missing;

-- name: changing_ids
-- The representations among $1 with a row on sites $2 that a verb may change, by the
-- row's counts; a row that nobody has counted may.
SELECT count(*) AS rows,
    coalesce(array_agg(DISTINCT replace(s.representation_id::text, '-', ''))
        FILTER (WHERE s.files_total IS NULL OR {condition}), '{}') AS representation_ids
FROM {schema}.sitesync_files_status AS s
WHERE s.representation_id = ANY ($1::text[]::uuid[]) AND s.site_name = ANY ($2::varchar[]);

-- name: is_not_wanted
s.files_failed > 0 OR s.files_due + s.files_synced < s.files_total

-- name: is_not_synced
s.files_synced < s.files_total

-- name: is_failed
s.files_failed > 0

-- name: is_pausable
s.files_due > 0 OR s.files_failed > 0

-- name: is_partly_synced
s.files_synced > 0

-- name: is_there
TRUE

-- name: count_priority
SELECT s.representation_id, s.site_name, s.priority AS old_priority,
    coalesce(s.files_total, 0) AS files, coalesce(s.bytes_total, 0) AS bytes
FROM {schema}.sitesync_files_status AS s
WHERE s.representation_id = ANY ($1::uuid[]) AND s.site_name = ANY ($2::varchar[])
    AND s.priority <> $3;

-- name: set_priority
WITH chosen AS (
    SELECT s.representation_id, s.site_name, s.priority
    FROM {schema}.sitesync_files_status AS s
    WHERE s.representation_id = ANY ($1::uuid[])
        AND s.site_name = ANY ($2::varchar[])
        AND s.priority <> $3
    ORDER BY s.representation_id, s.site_name
    FOR UPDATE
)
UPDATE {schema}.sitesync_files_status AS s
SET priority = $3
FROM chosen
WHERE s.representation_id = chosen.representation_id
    AND s.site_name = chosen.site_name
RETURNING s.representation_id, s.site_name, chosen.priority AS old_priority,
    coalesce(s.files_total, 0) AS files, coalesce(s.bytes_total, 0) AS bytes;

-- name: files_of
SELECT id, files FROM {schema}.representations WHERE id = ANY ($1::uuid[]);

-- name: delete_rows
DELETE FROM {schema}.sitesync_files_status AS s
USING unnest($1::uuid[], $2::varchar[]) AS gone (representation_id, site_name)
WHERE s.representation_id = gone.representation_id AND s.site_name = gone.site_name;

-- name: end_leases
-- End the leases of rows; what their attempts came to is $3.
WITH ended AS (
    DELETE FROM {schema}.sitesync_leases AS l
    USING unnest($1::uuid[], $2::varchar[]) AS k (representation_id, site_name)
    WHERE l.representation_id = k.representation_id AND l.site_name = k.site_name
    RETURNING l.token
)
UPDATE {schema}.sitesync_attempts AS a
SET outcome = $3, finished_at = to_timestamp($4::float8)
FROM ended
WHERE a.token = ended.token;
