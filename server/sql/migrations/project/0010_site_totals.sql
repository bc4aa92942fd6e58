-- How much is on which site in which state, kept by triggers, whoever writes the rows.
-- Every statement that changes states adds rows to `sitesync_total_changes`; nobody
-- waits for anybody, as nothing is updated. A background job folds them into
-- `sitesync_site_totals`. The truth is the sum of both, in one snapshot.
--
-- The sums count what is in the state rows, of inactive entities too; what of it is
-- theirs is counted apart, now and then, into `sitesync_hidden_totals`. All are true once
-- `site_totals_v1` is recorded in `sitesync_migrations`.

CREATE TABLE IF NOT EXISTS sitesync_site_totals (
    site_name VARCHAR NOT NULL,
    status INTEGER NOT NULL,
    representations BIGINT NOT NULL,
    files BIGINT NOT NULL,
    files_synced BIGINT NOT NULL,
    files_verified BIGINT NOT NULL,
    files_failed BIGINT NOT NULL,
    bytes NUMERIC NOT NULL,
    bytes_done NUMERIC NOT NULL,
    PRIMARY KEY (site_name, status)
);

CREATE TABLE IF NOT EXISTS sitesync_total_changes (
    site_name VARCHAR NOT NULL,
    status INTEGER NOT NULL,
    representations BIGINT NOT NULL,
    files BIGINT NOT NULL,
    files_synced BIGINT NOT NULL,
    files_verified BIGINT NOT NULL,
    files_failed BIGINT NOT NULL,
    bytes NUMERIC NOT NULL,
    bytes_done NUMERIC NOT NULL
);

CREATE TABLE IF NOT EXISTS sitesync_hidden_totals (
    site_name VARCHAR NOT NULL,
    status INTEGER NOT NULL,
    representations BIGINT NOT NULL,
    files BIGINT NOT NULL,
    files_synced BIGINT NOT NULL,
    files_verified BIGINT NOT NULL,
    files_failed BIGINT NOT NULL,
    bytes NUMERIC NOT NULL,
    bytes_done NUMERIC NOT NULL
);

CREATE OR REPLACE FUNCTION sitesync_count_totals_v1() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    counted text := 'coalesce(files_total, 0), coalesce(files_synced, 0), '
        'coalesce(files_verified, 0), coalesce(files_failed, 0), '
        'coalesce(bytes_total, 0), coalesce(bytes_done, 0)';
    came text := 'SELECT site_name, status, 1, ' || counted || ' FROM came';
    went text := 'SELECT site_name, status, -1, '
        || replace(counted, 'coalesce', '-coalesce') || ' FROM went';
BEGIN
    EXECUTE format(
        'INSERT INTO %I.sitesync_total_changes '
        'SELECT site_name, status, sum(representations), sum(files), '
        'sum(files_synced), sum(files_verified), sum(files_failed), sum(bytes), '
        'sum(bytes_done) FROM (%s) AS rows (site_name, status, representations, '
        'files, files_synced, files_verified, files_failed, bytes, bytes_done) '
        'GROUP BY site_name, status '
        'HAVING sum(representations) <> 0 OR sum(files) <> 0 '
        'OR sum(files_synced) <> 0 OR sum(files_verified) <> 0 '
        'OR sum(files_failed) <> 0 OR sum(bytes) <> 0 OR sum(bytes_done) <> 0',
        TG_TABLE_SCHEMA,
        CASE TG_OP WHEN 'INSERT' THEN came WHEN 'DELETE' THEN went
            ELSE came || ' UNION ALL ' || went END
    );
    RETURN NULL;
END
$$;

-- Nothing is left: the next count starts from nothing.
CREATE OR REPLACE FUNCTION sitesync_clear_totals_v1() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('DELETE FROM %I.sitesync_total_changes', TG_TABLE_SCHEMA);
    EXECUTE format('DELETE FROM %I.sitesync_site_totals', TG_TABLE_SCHEMA);
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER sitesync_files_status_came_v1
    AFTER INSERT ON sitesync_files_status
    REFERENCING NEW TABLE AS came
    FOR EACH STATEMENT EXECUTE FUNCTION sitesync_count_totals_v1();
CREATE OR REPLACE TRIGGER sitesync_files_status_changed_v1
    AFTER UPDATE ON sitesync_files_status
    REFERENCING OLD TABLE AS went NEW TABLE AS came
    FOR EACH STATEMENT EXECUTE FUNCTION sitesync_count_totals_v1();
CREATE OR REPLACE TRIGGER sitesync_files_status_went_v1
    AFTER DELETE ON sitesync_files_status
    REFERENCING OLD TABLE AS went
    FOR EACH STATEMENT EXECUTE FUNCTION sitesync_count_totals_v1();
CREATE OR REPLACE TRIGGER sitesync_files_status_cleared_v1
    AFTER TRUNCATE ON sitesync_files_status
    FOR EACH STATEMENT EXECUTE FUNCTION sitesync_clear_totals_v1();
