CREATE FUNCTION etl.reconciliations_of(p_table text) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER -- the loader has no right on the catalogue itself
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_models text[];
BEGIN
    SELECT array_agg(model ORDER BY position) INTO v_models
    FROM etl.models
    WHERE interval_between IS NOT NULL
        AND (
            p_table IS NULL
            OR table_name IN (p_table, 'bronze.' || p_table, 'bronze.raw_' || p_table)
        );
    IF v_models IS NULL THEN
        RAISE EXCEPTION 'no table % is reconciled', quote_nullable(p_table)
            USING ERRCODE = 'DW003',
                DETAIL = 'A table of mode snapshot is compared as a whole in every run.',
                HINT = 'SELECT table_name FROM etl.models WHERE interval_between IS NOT NULL;';
    END IF;
    RETURN v_models;
END;
$$;
COMMENT ON FUNCTION etl.reconciliations_of IS
'The models that reconcile a table of a source (null: all tables). Errors: DW003 there is none.';
