-- Scans of sites that somebody asked for: the last one of each site.

-- name: request
-- $1 site, $2 user. Who asks while one is under way gets a new one.
INSERT INTO {schema}.sitesync_scans AS s (site_name, requested_at, user_name)
VALUES ($1, {schema}.sitesync_now_v1(), $2)
ON CONFLICT (site_name) DO UPDATE
SET requested_at = EXCLUDED.requested_at, user_name = EXCLUDED.user_name,
    started_at = NULL, finished_at = NULL, agent_id = NULL, expires_at = NULL,
    found = NULL, missing = NULL, different = NULL, message = NULL
RETURNING extract(epoch FROM requested_at)::float8 AS requested_at;

-- name: take
-- Give the scan of site $1 to agent $2 until $3 seconds from now, if nobody is at it.
UPDATE {schema}.sitesync_scans
SET started_at = {schema}.sitesync_now_v1(), agent_id = $2,
    expires_at = {schema}.sitesync_now_v1() + make_interval(secs => $3::float8)
WHERE site_name = $1
    AND finished_at IS NULL
    AND (expires_at IS NULL OR expires_at <= {schema}.sitesync_now_v1())
RETURNING extract(epoch FROM requested_at)::float8 AS requested_at;

-- name: extend
-- Somebody is at the scan of site $1.
UPDATE {schema}.sitesync_scans
SET expires_at = {schema}.sitesync_now_v1() + make_interval(secs => $2::float8)
WHERE site_name = $1 AND started_at IS NOT NULL AND finished_at IS NULL;

-- name: give_back
-- The run of agent $1 has ended.
UPDATE {schema}.sitesync_scans
SET started_at = NULL, agent_id = NULL, expires_at = NULL
WHERE agent_id = $1 AND finished_at IS NULL;

-- name: finish
-- What was found by the scan of site $1 that was asked for at $2.
UPDATE {schema}.sitesync_scans
SET finished_at = {schema}.sitesync_now_v1(), found = $3, missing = $4,
    different = $5, message = $6
WHERE site_name = $1
    AND abs(extract(epoch FROM requested_at)::float8 - $2::float8) < 0.001
RETURNING site_name;

-- name: list
SELECT site_name, extract(epoch FROM requested_at)::float8 AS requested_at,
    extract(epoch FROM started_at)::float8 AS started_at,
    extract(epoch FROM finished_at)::float8 AS finished_at,
    found, missing, different, message
FROM {schema}.sitesync_scans;
