-- What outlives a representation, or the wording of its files: the files as the state
-- rows know them, tombstones of what was deleted, bytes by minute, and how far the
-- background work of this project is. None of these tables refers to a table of AYON.

-- The files of a representation as its state rows were last brought in line with them:
-- what changed files are compared with, and what tells the paths of a deleted one.
--   folder_path    without a leading slash, as in AYON's hierarchy; NULL = none
--   files          as in AYON's table
--   awaited_since  since when no site is said to have the new files; NULL = that is over
CREATE TABLE IF NOT EXISTS sitesync_known_files (
    representation_id UUID PRIMARY KEY,
    folder_path VARCHAR,
    files JSONB NOT NULL,
    awaited_since TIMESTAMPTZ
);
CREATE INDEX IF NOT EXISTS sitesync_known_files_awaited_idx
    ON sitesync_known_files (awaited_since) WHERE awaited_since IS NOT NULL;

-- What is left on sites of representations that were deleted.
--   files  [{"id", "path", "size"}]: those that were SYNCED there
CREATE TABLE IF NOT EXISTS sitesync_tombstones (
    tombstone_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    representation_id UUID NOT NULL,
    site_name VARCHAR NOT NULL,
    folder_path VARCHAR,
    files JSONB NOT NULL,
    deleted_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX IF NOT EXISTS sitesync_tombstones_site_idx
    ON sitesync_tombstones (site_name, tombstone_id);
CREATE INDEX IF NOT EXISTS sitesync_tombstones_representation_idx
    ON sitesync_tombstones (representation_id);
CREATE INDEX IF NOT EXISTS sitesync_tombstones_deleted_idx
    ON sitesync_tombstones (deleted_at);

-- Bytes that arrived on a site in a minute. Several rows a minute (`slot`), so that
-- agents that report at the same time do not wait for each other.
CREATE TABLE IF NOT EXISTS sitesync_throughput (
    minute TIMESTAMPTZ NOT NULL,
    site_name VARCHAR NOT NULL,
    slot SMALLINT NOT NULL,
    bytes BIGINT NOT NULL,
    PRIMARY KEY (minute, site_name, slot)
);

-- The latest runs of an agent from a source.
CREATE INDEX IF NOT EXISTS sitesync_attempts_agent_idx
    ON sitesync_attempts (agent_id, source_site, started_at DESC);

-- How far each background work of the project is: `position` is that work's own.
CREATE TABLE IF NOT EXISTS sitesync_upkeep (
    name VARCHAR PRIMARY KEY,
    position VARCHAR NOT NULL,
    done_at TIMESTAMPTZ NOT NULL
);

-- Deleting a representation, or what it belongs to, deletes its state rows with it, and
-- AYON's row is gone by then: what is left on disks is told by what we know. It never
-- raises, so that nobody's deletion fails because of Site Sync.
CREATE OR REPLACE FUNCTION sitesync_bury_v1() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'INSERT INTO %1$I.sitesync_tombstones '
        '(representation_id, site_name, folder_path, files, deleted_at) '
        'SELECT gone.representation_id, gone.site_name, known.folder_path, '
        'kept.files, %1$I.sitesync_now_v1() '
        'FROM gone '
        'JOIN %1$I.sitesync_known_files AS known USING (representation_id) '
        'CROSS JOIN LATERAL ('
        'SELECT jsonb_agg(jsonb_build_object('
        '''id'', file -> ''id'', ''path'', file -> ''path'', ''size'', file -> ''size''))'
        ' AS files FROM jsonb_array_elements(known.files) AS items (file) '
        'WHERE gone.data -> ''files'' -> (file ->> ''id'') -> ''status'' = ''4'''
        ') AS kept '
        'WHERE kept.files IS NOT NULL AND NOT EXISTS (SELECT 1 '
        'FROM %1$I.representations AS r WHERE r.id = gone.representation_id) '
        'ORDER BY gone.representation_id, gone.site_name',
        TG_TABLE_SCHEMA
    );
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER sitesync_files_status_bury_v1
    AFTER DELETE ON sitesync_files_status
    REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT
    EXECUTE FUNCTION sitesync_bury_v1();
