CREATE FUNCTION etl.models_of(p_layers text[]) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER -- the loader has no right on the catalogue itself
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(array_agg(model ORDER BY position), '{}')
    FROM etl.models
    WHERE layer = ANY(p_layers);
END;
COMMENT ON FUNCTION etl.models_of IS 'The models of some layers, in the order of building.';
