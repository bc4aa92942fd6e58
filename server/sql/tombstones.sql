-- What deleted representations left on sites. Times are epoch seconds.

-- name: list
-- Newest first: of site $1 (NULL = all), in folders that match $2, older than number
-- $3, $4 how many; with what became of the order to remove it.
SELECT t.tombstone_id, t.representation_id, t.site_name, t.files,
    extract(epoch FROM t.deleted_at)::float8 AS deleted_at,
    m.representation_id IS NOT NULL AS is_removing, m.message
FROM {schema}.sitesync_tombstones AS t
LEFT JOIN {schema}.sitesync_removals AS m
    ON m.representation_id = t.representation_id AND m.site_name = t.site_name
WHERE ($1::varchar IS NULL OR t.site_name = $1::varchar)
    AND ($2::text[] IS NULL OR coalesce(t.folder_path LIKE ANY ($2::text[]), FALSE))
    AND ($3::bigint IS NULL OR t.tombstone_id < $3::bigint)
ORDER BY t.tombstone_id DESC
LIMIT $4;

-- name: of_representations
-- What is left of representations $1, which are no more, on sites $2, in folders that
-- match $3.
SELECT representation_id, site_name, folder_path, files
FROM {schema}.sitesync_tombstones AS t
WHERE representation_id = ANY ($1::uuid[])
    AND site_name = ANY ($2::varchar[])
    AND ($3::text[] IS NULL OR coalesce(folder_path LIKE ANY ($3::text[]), FALSE))
    AND NOT EXISTS (
        SELECT 1 FROM {schema}.representations AS r WHERE r.id = t.representation_id
    )
ORDER BY tombstone_id;
