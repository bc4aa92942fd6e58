-- What an agent has found on a site's storage.

-- name: checksums
-- All checksums that agents have computed of files of representations $1.
SELECT representation_id, file_id, algorithm, digest, size
FROM {schema}.sitesync_file_checksums
WHERE representation_id = ANY ($1::uuid[]);
