-- What is wrong in a project. $1 are readable paths; times are epoch seconds. Each query
-- looks at so many rows of a site at most, whatever the size of the project.

-- name: parents
JOIN {schema}.versions AS v ON v.id = r.version_id AND v.active
JOIN {schema}.products AS p ON p.id = v.product_id AND p.active
JOIN {schema}.folders AS f ON f.id = p.folder_id AND f.active
JOIN {schema}.hierarchy AS h ON h.id = f.id

-- name: failed
-- Rows with failed files by site of $2; apart, as `kind`, those of files that are
-- `missing` there, and those whose source lacked a file. $3 rows of a site are looked
-- at, $4 are named.
SELECT names.site_name, found.*
FROM unnest($2::varchar[]) AS names (site_name)
CROSS JOIN LATERAL (
    SELECT rows.kind, count(*) AS count,
        (array_agg(rows.id ORDER BY rows.changed_at DESC, rows.id))[1:$4] AS ids,
        (array_agg(rows.last_error ORDER BY rows.changed_at DESC, rows.id)
            FILTER (WHERE rows.last_error IS NOT NULL))[1] AS message,
        extract(epoch FROM min(rows.changed_at))::float8 AS since
    FROM (
        SELECT s.representation_id AS id, s.changed_at, s.last_error,
            CASE
                WHEN s.data @? '$.files.* ? (@.status == 2 && @.error == "missing")'
                    THEN 'missing'
                WHEN s.data
                    @? '$.files.* ? (@.status == 2 && @.error == "missing_source")'
                    THEN 'missing_source'
                ELSE 'failed'
            END AS kind
        FROM {schema}.sitesync_files_status AS s
        JOIN {schema}.representations AS r ON r.id = s.representation_id AND r.active
        {parents}
        WHERE s.site_name = names.site_name AND s.status = 2
            AND s.changed_at IS NOT NULL
            AND ($1::text[] IS NULL OR h.path LIKE ANY ($1::text[]))
        LIMIT $3
    ) AS rows
    GROUP BY rows.kind
) AS found;

-- name: stuck
-- Rows by site of $2 that are in progress, with no live lease and no write for so long
-- that they are due again. $3 now, $4 rows looked at, $5 named. In an
-- order that has an index: all due rows of the site were read instead.
SELECT names.site_name, found.*
FROM unnest($2::varchar[]) AS names (site_name)
CROSS JOIN LATERAL (
    SELECT count(*) AS count,
        (array_agg(rows.id ORDER BY rows.changed_at DESC, rows.id))[1:$5] AS ids,
        extract(epoch FROM min(rows.changed_at))::float8 AS since
    FROM (
        SELECT s.representation_id AS id, s.changed_at
        FROM {schema}.sitesync_files_status AS s
        JOIN {schema}.representations AS r ON r.id = s.representation_id AND r.active
        {parents}
        WHERE s.site_name = names.site_name AND s.status = 0
            AND s.changed_at IS NOT NULL
            AND s.due_at <= to_timestamp($3::float8)
            AND NOT EXISTS (
                SELECT 1 FROM {schema}.sitesync_leases AS l
                WHERE l.representation_id = s.representation_id
                    AND l.site_name = s.site_name
                    AND l.expires_at > to_timestamp($3::float8)
            )
            AND ($1::text[] IS NULL OR h.path LIKE ANY ($1::text[]))
        ORDER BY s.representation_id
        LIMIT $4
    ) AS rows
) AS found
WHERE found.count > 0;

-- name: waiting
-- Rows by site of $2 that have been due since before $3, and some of the sites that they
-- can come from. $4 rows looked at, $5 named; $6 now. In the queue's order, which has an
-- index: on a site with nothing due, all rows of the table were read instead.
SELECT names.site_name, found.*, coalesce(sources.names, '{}') AS sources
FROM unnest($2::varchar[]) AS names (site_name)
CROSS JOIN LATERAL (
    SELECT count(*) AS count,
        (array_agg(rows.id ORDER BY rows.due_at, rows.id))[1:$5] AS ids,
        extract(epoch FROM min(rows.due_at))::float8 AS since
    FROM (
        SELECT s.representation_id AS id, s.due_at
        FROM {schema}.sitesync_files_status AS s
        JOIN {schema}.representations AS r ON r.id = s.representation_id AND r.active
        {parents}
        WHERE s.site_name = names.site_name
            AND s.due_at <= to_timestamp($3::float8)
            AND NOT EXISTS (
                SELECT 1 FROM {schema}.sitesync_leases AS l
                WHERE l.representation_id = s.representation_id
                    AND l.site_name = s.site_name
                    AND l.expires_at > to_timestamp($6::float8)
            )
            AND ($1::text[] IS NULL OR h.path LIKE ANY ($1::text[]))
        ORDER BY s.priority DESC, s.due_at, s.representation_id
        LIMIT $4
    ) AS rows
) AS found
LEFT JOIN LATERAL (
    SELECT array_agg(DISTINCT other.site_name) AS names
    FROM {schema}.sitesync_files_status AS other
    WHERE other.representation_id = ANY (found.ids)
        AND other.site_name <> names.site_name
        AND other.status = 4
) AS sources ON TRUE
WHERE found.count > 0;

-- name: live_agents
-- Own sites of live agents, and the sites that these cannot use. $1 how many seconds
-- after its last sign an agent counts as live.
SELECT site_name, hostname, coalesce(health -> 'sites', '[]') AS faults
FROM public.sitesync_agents
WHERE seen_at > public.sitesync_now_v1() - make_interval(secs => $1::float8)
ORDER BY site_name, hostname
LIMIT 5000;

-- name: refused_agents
-- $1 how many seconds a refusal is told.
SELECT site_name, hostname, other_hostname,
    extract(epoch FROM refused_at)::float8 AS refused_at
FROM public.sitesync_refused_agents
WHERE refused_at > public.sitesync_now_v1() - make_interval(secs => $1::float8)
ORDER BY site_name, hostname
LIMIT 1000;

-- name: machines
-- Which of the names $1 are machines that somebody knows.
SELECT id AS site_name FROM public.sites WHERE id = ANY ($1::varchar[])
UNION
SELECT site_name FROM public.sitesync_machine_sites
WHERE site_name = ANY ($1::varchar[]);

-- name: rates
-- Bytes a second that arrive on each site, by the runs of agents that are at it, and how
-- many of these runs there are. $2 now, $3 how many are looked at.
SELECT rows.site_name, count(*) AS moving,
    coalesce(sum(rows.moved / greatest(rows.seconds, 1)), 0)::float8 AS rate
FROM (
    SELECT l.site_name, coalesce(a.bytes_done, 0) + running.bytes AS moved,
        $2::float8 - extract(epoch FROM l.claimed_at)::float8 AS seconds
    FROM {schema}.sitesync_leases AS l
    JOIN {schema}.sitesync_files_status AS s USING (representation_id, site_name)
    JOIN {schema}.representations AS r ON r.id = l.representation_id
    {parents}
    LEFT JOIN {schema}.sitesync_attempts AS a ON a.token = l.token
    CROSS JOIN LATERAL (
        SELECT least(coalesce(sum((file ->> 'size')::numeric), 0), 9223372036854775807)
            AS bytes
        FROM jsonb_path_query(
            s.data, '$.files.* ? (@.status == 0 && @.size.type() == "number")'
        ) AS file
    ) AS running
    WHERE l.expires_at > to_timestamp($2::float8)
        AND ($1::text[] IS NULL OR h.path LIKE ANY ($1::text[]))
    LIMIT $3
) AS rows
GROUP BY rows.site_name;
