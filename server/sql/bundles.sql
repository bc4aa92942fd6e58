-- Which versions of addons a studio works with.

-- name: production_addons
SELECT data -> 'addons' AS addons FROM public.bundles
WHERE is_production IS TRUE
ORDER BY name
LIMIT 1;
