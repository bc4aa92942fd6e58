-- Orders of lists by what a site says of a representation, with the id to make them
-- total. Partial on a rollup column: empty when they are made on the existing addon's
-- table, which nobody has counted yet, so making them is quick.

CREATE INDEX IF NOT EXISTS sitesync_status_v1_idx
    ON sitesync_files_status (site_name, status, representation_id)
    WHERE changed_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS sitesync_priority_v1_idx
    ON sitesync_files_status (site_name, priority, representation_id)
    WHERE changed_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS sitesync_changed_v1_idx
    ON sitesync_files_status (site_name, changed_at, representation_id)
    WHERE changed_at IS NOT NULL;
