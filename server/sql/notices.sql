-- What happened, told to the listening connection of each worker.

-- name: lock
-- Numbers are given and told in one order: whoever takes one holds this until its end.
SELECT pg_advisory_xact_lock(hashtextextended('sitesync live', 0));

-- name: send
-- $1 the topic, $2 the project or NULL, $3 sites, $4 whether sites were cut.
SELECT pg_notify(
    'sitesync_live_v1',
    json_build_object(
        'position', nextval('public.sitesync_live_seq'),
        'topic', $1::text,
        'projectName', $2::text,
        'siteNames', $3::text[],
        'overflow', $4::boolean
    )::text
);

-- name: position
-- The number that was given last, 0 before the first.
SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS position
FROM public.sitesync_live_seq;
