-- What settings choose from.

-- name: access_group_names
SELECT name FROM public.access_groups ORDER BY name;
