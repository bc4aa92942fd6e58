-- Which statuses are rare differs from site to site: a query for what has failed on one
-- site starts from those rows only if Postgres knows how few they are.
CREATE STATISTICS IF NOT EXISTS sitesync_site_status_v1_stats (mcv)
    ON site_name, status FROM sitesync_files_status;
