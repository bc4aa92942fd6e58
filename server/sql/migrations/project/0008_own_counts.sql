-- Who says when a row was written has counted it: our own statements bring the counts
-- along and set `changed_at`, which nobody else knows. The trigger counts all other
-- writes, and an upsert once instead of twice: of 100 rows with 1,700 files it took 30
-- of 35 ms.

CREATE OR REPLACE TRIGGER sitesync_files_status_rollup_v1
    BEFORE UPDATE ON sitesync_files_status
    FOR EACH ROW
    WHEN (NEW.changed_at IS NOT DISTINCT FROM OLD.changed_at)
    EXECUTE FUNCTION sitesync_files_status_rollup_v2();

CREATE OR REPLACE TRIGGER sitesync_files_status_insert_v1
    BEFORE INSERT ON sitesync_files_status
    FOR EACH ROW
    WHEN (NEW.changed_at IS NULL)
    EXECUTE FUNCTION sitesync_files_status_rollup_v2();
