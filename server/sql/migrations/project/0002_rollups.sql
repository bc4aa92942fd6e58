-- The trigger that counts a row's files whenever anybody writes the row.
--
-- Rules: it never raises (a failure leaves NULL = "compute now"), needs nothing but
-- this schema, and names no schema: TG_TABLE_SCHEMA says where it is. A function is
-- never changed, it gets a next version: other installed versions of the addon may
-- use it. Its twin in Python is server/domain/rollup.py; a property test holds both
-- together.

-- The clock of everything in this schema. Tests replace it.
CREATE OR REPLACE FUNCTION sitesync_now_v1() RETURNS timestamptz
LANGUAGE sql VOLATILE AS $$ SELECT clock_timestamp() $$;

-- Count the files of one row. `moment` is now, `written_at` the last write.
CREATE OR REPLACE FUNCTION sitesync_rollup_v1(
    data jsonb,
    representation_files jsonb,
    moment timestamptz,
    written_at timestamptz,
    OUT files_total integer,
    OUT files_due integer,
    OUT files_failed integer,
    OUT files_synced integer,
    OUT files_verified integer,
    OUT bytes_total bigint,
    OUT bytes_done bigint,
    OUT due_at timestamptz,
    OUT last_error text,
    OUT newest numeric
)
LANGUAGE sql STABLE AS $$
    WITH raw AS (
        SELECT
            id,
            CASE WHEN jsonb_typeof(file) = 'object' THEN file ELSE '{}' END AS file
        FROM jsonb_each(
            CASE WHEN jsonb_typeof(data -> 'files') = 'object'
            THEN data -> 'files' ELSE '{}' END
        ) AS entry(id, file)
    ),
    numbers AS (
        SELECT
            id,
            file,
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
        FROM raw
    ),
    counted AS (
        SELECT
            count(*) AS files_total,
            count(*) FILTER (
                WHERE status IN (0, 1) OR (status = 2 AND next IS NOT NULL)
            ) AS files_due,
            count(*) FILTER (WHERE status = 2) AS files_failed,
            count(*) FILTER (WHERE status = 4) AS files_synced,
            count(*) FILTER (WHERE status = 4 AND proven) AS files_verified,
            coalesce(sum(size) FILTER (WHERE status IN (0, 4)), 0) AS bytes_done,
            least(
                min(to_timestamp(least(written, extract(epoch FROM moment))::float8))
                    FILTER (WHERE status = 1),
                min(written_at + interval '15 minutes') FILTER (WHERE status = 0),
                min(to_timestamp(next::float8)) FILTER (WHERE status = 2)
            ) AS due_at,
            (array_agg(message ORDER BY written DESC, id COLLATE "C")
                FILTER (WHERE status = 2 AND message IS NOT NULL))[1] AS last_error,
            max(written) AS newest
        FROM numbers
    ),
    sizes AS (
        SELECT coalesce(sum(
            CASE WHEN jsonb_typeof(item -> 'size') = 'number'
                THEN greatest(trunc((item ->> 'size')::numeric), 0) ELSE 0 END
        ), 0) AS bytes_total
        FROM jsonb_array_elements(
            CASE WHEN jsonb_typeof(representation_files) = 'array'
            THEN representation_files ELSE '[]' END
        ) AS items(item)
    )
    SELECT
        counted.files_total::integer,
        counted.files_due::integer,
        counted.files_failed::integer,
        counted.files_synced::integer,
        counted.files_verified::integer,
        least(sizes.bytes_total, 9223372036854775807)::bigint,
        least(counted.bytes_done, 9223372036854775807)::bigint,
        counted.due_at,
        counted.last_error,
        counted.newest
    FROM counted, sizes
$$;

CREATE OR REPLACE FUNCTION sitesync_files_status_rollup_v1() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    moment timestamptz;
    representation_files jsonb;
    counted record;
    is_rewrite boolean := TG_OP = 'UPDATE';
BEGIN
    EXECUTE format('SELECT %I.sitesync_now_v1()', TG_TABLE_SCHEMA) INTO moment;
    EXECUTE format('SELECT files FROM %I.representations WHERE id = $1', TG_TABLE_SCHEMA)
        INTO representation_files USING NEW.representation_id;

    -- A row written with the same content is no change: the backfill does that.
    IF is_rewrite THEN
        is_rewrite := (NEW.status, NEW.priority, NEW.data)
            IS NOT DISTINCT FROM (OLD.status, OLD.priority, OLD.data);
    END IF;
    NEW.changed_at := moment;
    IF is_rewrite THEN
        NEW.changed_at := coalesce(OLD.changed_at, moment);
    END IF;

    EXECUTE format('SELECT * FROM %I.sitesync_rollup_v1($1, $2, $3, $4)', TG_TABLE_SCHEMA)
        INTO counted USING NEW.data, representation_files, moment, NEW.changed_at;
    NEW.files_total := counted.files_total;
    NEW.files_due := counted.files_due;
    NEW.files_failed := counted.files_failed;
    NEW.files_synced := counted.files_synced;
    NEW.files_verified := counted.files_verified;
    NEW.bytes_total := counted.bytes_total;
    NEW.bytes_done := counted.bytes_done;
    NEW.due_at := counted.due_at;
    NEW.last_error := counted.last_error;
    -- A row from before the trigger: its newest file tells when it was written.
    IF is_rewrite AND OLD.changed_at IS NULL AND counted.newest > 0 THEN
        NEW.changed_at := to_timestamp(least(counted.newest, extract(epoch FROM moment))::float8);
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
    FOR EACH ROW EXECUTE FUNCTION sitesync_files_status_rollup_v1();
