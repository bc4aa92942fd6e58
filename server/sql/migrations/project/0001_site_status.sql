-- The state table of the existing addon, made where it is missing and adopted where it
-- is there: same columns, keys and indexes, so that both addons work on the same rows.
--
-- Runs with search_path set to the project's schema and names no schema, because
-- projects are renamed and dumped. Everything here is additive and may run twice.

CREATE TABLE IF NOT EXISTS sitesync_files_status (
    representation_id UUID NOT NULL REFERENCES representations(id) ON DELETE CASCADE,
    site_name VARCHAR NOT NULL,
    status INTEGER NOT NULL DEFAULT -1,
    priority INTEGER NOT NULL DEFAULT 50,
    data JSONB NOT NULL DEFAULT '{}'::JSONB,
    PRIMARY KEY (representation_id, site_name)
);
CREATE INDEX IF NOT EXISTS file_status_idx ON sitesync_files_status (status);
CREATE INDEX IF NOT EXISTS file_priority_idx ON sitesync_files_status (priority DESC);

-- Rollups: nullable and without a default, so adding them touches the catalogue only.
-- NULL means that nobody has counted yet.
ALTER TABLE sitesync_files_status
    ADD COLUMN IF NOT EXISTS files_total INTEGER,
    ADD COLUMN IF NOT EXISTS files_due INTEGER,
    ADD COLUMN IF NOT EXISTS files_failed INTEGER,
    ADD COLUMN IF NOT EXISTS files_synced INTEGER,
    ADD COLUMN IF NOT EXISTS files_verified INTEGER,
    ADD COLUMN IF NOT EXISTS bytes_total BIGINT,
    ADD COLUMN IF NOT EXISTS bytes_done BIGINT,
    ADD COLUMN IF NOT EXISTS due_at TIMESTAMPTZ,
    ADD COLUMN IF NOT EXISTS changed_at TIMESTAMPTZ,
    ADD COLUMN IF NOT EXISTS last_error TEXT;

-- The queue reads this one only. It is empty when it is made: no row has a due_at yet.
CREATE INDEX IF NOT EXISTS sitesync_due_v1_idx
    ON sitesync_files_status (site_name, priority DESC, due_at, representation_id)
    WHERE due_at IS NOT NULL;
