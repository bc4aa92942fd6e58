-- Who works on what, what became of it, and the checksums that agents computed.
-- None of these tables refers to a table of AYON, which would put triggers on it.

-- One row per transfer that an agent holds. It goes with the state row.
CREATE TABLE IF NOT EXISTS sitesync_leases (
    representation_id UUID NOT NULL,
    site_name VARCHAR NOT NULL,
    token UUID NOT NULL,
    agent_id UUID NOT NULL,
    user_name VARCHAR NOT NULL,
    source_site VARCHAR NOT NULL,
    variant VARCHAR NOT NULL,
    claimed_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (representation_id, site_name),
    FOREIGN KEY (representation_id, site_name)
        REFERENCES sitesync_files_status (representation_id, site_name)
        ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS sitesync_leases_expires_idx ON sitesync_leases (expires_at);

-- History: one row per run of a transfer by one agent, made at its claim.
CREATE TABLE IF NOT EXISTS sitesync_attempts (
    token UUID PRIMARY KEY,
    representation_id UUID NOT NULL,
    site_name VARCHAR NOT NULL,
    source_site VARCHAR NOT NULL,
    agent_id UUID NOT NULL,
    user_name VARCHAR NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ,
    outcome VARCHAR,
    files_total INTEGER NOT NULL,
    files_synced INTEGER NOT NULL DEFAULT 0,
    files_failed INTEGER NOT NULL DEFAULT 0,
    bytes_done BIGINT NOT NULL DEFAULT 0,
    errors JSONB NOT NULL DEFAULT '[]'::JSONB
);
CREATE INDEX IF NOT EXISTS sitesync_attempts_representation_idx
    ON sitesync_attempts (representation_id, site_name, started_at DESC);
CREATE INDEX IF NOT EXISTS sitesync_attempts_started_idx
    ON sitesync_attempts (started_at);

-- What agents know of the content of files; outlives the state rows.
CREATE TABLE IF NOT EXISTS sitesync_file_checksums (
    representation_id UUID NOT NULL,
    file_id VARCHAR NOT NULL,
    algorithm VARCHAR NOT NULL,
    digest VARCHAR NOT NULL,
    size BIGINT NOT NULL,
    site_name VARCHAR NOT NULL,
    verified_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (representation_id, file_id, algorithm)
);
