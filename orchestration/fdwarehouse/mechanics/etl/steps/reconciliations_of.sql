CREATE FUNCTION etl.reconciliations_of(p_table text) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER -- the loader has no privileges on the catalog
{{- settings.pinned() }}
AS $$
DECLARE
    v_models text[];
BEGIN
    {{- lock.refuse_beside() }}
    -- A table without a watermark has only one model, which compares it as a whole.
    SELECT array_agg(m.model ORDER BY m.position) INTO v_models
    FROM etl.pipeline_steps AS m
    WHERE m.layer = 'bronze'
        AND (p_table IS NULL OR etl.is_named(m.table_name, p_table));
    IF v_models IS NULL THEN
        RAISE EXCEPTION 'no table % is in bronze', quote_nullable(p_table)
            USING ERRCODE = 'DW003',
                HINT = 'SELECT DISTINCT table_name FROM etl.pipeline_steps WHERE layer = ''bronze'';';
    END IF;
    RETURN v_models;
END;
$$;
COMMENT ON FUNCTION etl.reconciliations_of IS
'Returns the models that compare a table of a source (null: all tables) with bronze: first the extraction by its watermark, so that the reconciliation then finds only what the watermark does not show. Errors: DW003 unknown table.';
