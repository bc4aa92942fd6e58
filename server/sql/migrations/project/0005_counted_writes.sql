-- The trigger of 0002, cheaper: one dynamic statement instead of three, the counting
-- itself planned once per connection. And a way round it for statements of ours that
-- fill in the counts of the rows that they insert: they set `sitesync.counted` to 'on'
-- for their transaction, and to 'off' again right behind the statement.
--
-- The counts are those of `sitesync_rollup_v1`; the property test holds the trigger and
-- its twin in Python together.

CREATE OR REPLACE FUNCTION sitesync_files_status_rollup_v2() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    moment timestamptz;
    representation_files jsonb;
    newest numeric;
    is_rewrite boolean := TG_OP = 'UPDATE';
BEGIN
    EXECUTE format(
        'SELECT %1$I.sitesync_now_v1(), '
        '(SELECT files FROM %1$I.representations WHERE id = $1)', TG_TABLE_SCHEMA
    ) INTO moment, representation_files USING NEW.representation_id;

    -- A row written with the same content is no change: the backfill does that.
    IF is_rewrite THEN
        is_rewrite := (NEW.status, NEW.priority, NEW.data)
            IS NOT DISTINCT FROM (OLD.status, OLD.priority, OLD.data);
    END IF;
    NEW.changed_at := moment;
    IF is_rewrite THEN
        NEW.changed_at := coalesce(OLD.changed_at, moment);
    END IF;

    SELECT
        count(*),
        count(*) FILTER (WHERE status IN (0, 1) OR (status = 2 AND next IS NOT NULL)),
        count(*) FILTER (WHERE status = 2),
        count(*) FILTER (WHERE status = 4),
        count(*) FILTER (WHERE status = 4 AND proven),
        least(coalesce(sum(size) FILTER (WHERE status IN (0, 4)), 0),
              9223372036854775807),
        least(
            min(to_timestamp(least(written, extract(epoch FROM moment))::float8))
                FILTER (WHERE status = 1),
            min(NEW.changed_at + interval '15 minutes') FILTER (WHERE status = 0),
            min(to_timestamp(next::float8)) FILTER (WHERE status = 2)
        ),
        (array_agg(message ORDER BY written DESC, id COLLATE "C")
            FILTER (WHERE status = 2 AND message IS NOT NULL))[1],
        max(written)
    INTO NEW.files_total, NEW.files_due, NEW.files_failed, NEW.files_synced,
        NEW.files_verified, NEW.bytes_done, NEW.due_at, NEW.last_error, newest
    FROM (
        SELECT
            id,
            CASE WHEN jsonb_typeof(file -> 'status') = 'number'
                THEN (file ->> 'status')::numeric ELSE -1 END AS status,
            CASE WHEN jsonb_typeof(file -> 'size') = 'number'
                THEN least(greatest(trunc((file ->> 'size')::numeric), 0),
                           9223372036854775807) ELSE 0 END AS size,
            CASE WHEN jsonb_typeof(file -> 'timestamp') = 'number'
                THEN greatest((file ->> 'timestamp')::numeric, 0)
                ELSE 0 END AS written,
            CASE WHEN jsonb_typeof(file -> 'next') = 'number'
                THEN least(greatest((file ->> 'next')::numeric, 0), 253402214400)
                END AS next,
            CASE WHEN jsonb_typeof(file -> 'message') = 'string'
                THEN file ->> 'message' END AS message,
            jsonb_typeof(file -> 'proof') = 'string'
                AND file ->> 'proof' IN ('content', 'storage', 'size')
                AND jsonb_typeof(file -> 'proven') = 'number'
                AND jsonb_typeof(file -> 'timestamp') = 'number'
                AND file -> 'proven' = file -> 'timestamp' AS proven
        FROM jsonb_each(
            CASE WHEN jsonb_typeof(NEW.data -> 'files') = 'object'
            THEN NEW.data -> 'files' ELSE '{}' END
        ) AS entry (id, file)
    ) AS files;

    SELECT least(coalesce(sum(
        CASE WHEN jsonb_typeof(item -> 'size') = 'number'
            THEN greatest(trunc((item ->> 'size')::numeric), 0) ELSE 0 END
    ), 0), 9223372036854775807)
    INTO NEW.bytes_total
    FROM jsonb_array_elements(
        CASE WHEN jsonb_typeof(representation_files) = 'array'
        THEN representation_files ELSE '[]' END
    ) AS items (item);

    -- A row from before the trigger: its newest file tells when it was written.
    IF is_rewrite AND OLD.changed_at IS NULL AND newest > 0 THEN
        NEW.changed_at := to_timestamp(least(newest, extract(epoch FROM moment))::float8);
    END IF;
    RETURN NEW;
EXCEPTION WHEN OTHERS THEN
    NEW.files_total := NULL;
    NEW.files_due := NULL;
    NEW.files_failed := NULL;
    NEW.files_synced := NULL;
    NEW.files_verified := NULL;
    NEW.bytes_total := NULL;
    NEW.bytes_done := NULL;
    NEW.due_at := NULL;
    NEW.last_error := NULL;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER sitesync_files_status_rollup_v1
    BEFORE INSERT OR UPDATE ON sitesync_files_status
    FOR EACH ROW
    WHEN (current_setting('sitesync.counted', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION sitesync_files_status_rollup_v2();
