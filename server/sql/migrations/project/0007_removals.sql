-- Files that agents are to delete, and looks at the disk that somebody asked for.

-- One row per representation and site whose files shall go. The state row, if there is
-- one, says -1 for all files meanwhile, so that nobody counts on them; once it says
-- anything else, the removal is void. A tombstone's removal has no state row.
--   folder_path   without a leading slash, as in AYON's hierarchy
--   files         [{"id", "path", "size"}]: what may be on the site
--   entries       the state row's data before, to take the removal back; NULL = none
--   due_at        when an agent may take it; NULL = it failed for good
--   is_started    an agent had it: some files may be gone
--   message       why the last try failed
--   token ...     the lease of the agent that is at it
CREATE TABLE IF NOT EXISTS sitesync_removals (
    representation_id UUID NOT NULL,
    site_name VARCHAR NOT NULL,
    folder_path VARCHAR,
    files JSONB NOT NULL,
    entries JSONB,
    user_name VARCHAR NOT NULL,
    marked_at TIMESTAMPTZ NOT NULL,
    due_at TIMESTAMPTZ,
    is_started BOOLEAN NOT NULL DEFAULT FALSE,
    retries INTEGER NOT NULL DEFAULT 0,
    message TEXT,
    token UUID,
    agent_id UUID,
    agent_user VARCHAR,
    expires_at TIMESTAMPTZ,
    PRIMARY KEY (representation_id, site_name)
);
CREATE INDEX IF NOT EXISTS sitesync_removals_due_idx
    ON sitesync_removals (site_name, due_at);

-- The last scan of each site that somebody asked for, and what the agent found.
--   message   why it could not be done
CREATE TABLE IF NOT EXISTS sitesync_scans (
    site_name VARCHAR PRIMARY KEY,
    requested_at TIMESTAMPTZ NOT NULL,
    user_name VARCHAR NOT NULL,
    started_at TIMESTAMPTZ,
    finished_at TIMESTAMPTZ,
    agent_id UUID,
    expires_at TIMESTAMPTZ,
    found BIGINT,
    missing BIGINT,
    different BIGINT,
    message TEXT
);
