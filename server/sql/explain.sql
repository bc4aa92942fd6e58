-- Why a representation is, or is not, on a site.

-- name: situation
-- Representation $1 on site $2; $3 now. The row's columns are NULL where there is none.
SELECT
    r.active AND v.active AND p.active AND f.active AS is_active,
    s.status, s.files_total, s.files_due, s.files_failed, s.files_synced,
    s.files_verified, s.last_error, s.data,
    extract(epoch FROM s.due_at)::float8 AS due_at,
    l.agent_id, l.user_name, g.hostname,
    m.site_name IS NOT NULL AS is_removing, m.message AS removal_message,
    extract(epoch FROM m.due_at)::float8 AS removal_due_at,
    coalesce(m.expires_at > to_timestamp($3::float8), FALSE) AS is_removal_held,
    EXISTS (SELECT 1 FROM public.sitesync_machine_sites WHERE site_name = $2)
        OR EXISTS (SELECT 1 FROM public.sites WHERE id = $2) AS is_machine
FROM {schema}.representations AS r
JOIN {schema}.versions AS v ON v.id = r.version_id
JOIN {schema}.products AS p ON p.id = v.product_id
JOIN {schema}.folders AS f ON f.id = p.folder_id
LEFT JOIN {schema}.sitesync_files_status AS s
    ON s.representation_id = r.id AND s.site_name = $2
LEFT JOIN {schema}.sitesync_leases AS l
    ON l.representation_id = r.id AND l.site_name = $2
    AND l.expires_at > to_timestamp($3::float8)
LEFT JOIN {schema}.sitesync_removals AS m
    ON m.representation_id = r.id AND m.site_name = $2 AND coalesce(s.status, -1) = -1
    AND coalesce(s.files_synced + s.files_due + s.files_failed, 0) = 0
LEFT JOIN public.sitesync_agents AS g ON g.agent_id = l.agent_id
WHERE r.id = $1;

-- name: other_copies
SELECT site_name, status FROM {schema}.sitesync_files_status
WHERE representation_id = $1 AND site_name <> $2
ORDER BY site_name;
