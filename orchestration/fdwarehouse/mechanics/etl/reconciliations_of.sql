CREATE FUNCTION etl.reconciliations_of(p_table text) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER -- the loader has no right on the catalogue itself
{{- settings.pinned() }}
AS $$
DECLARE
    v_models text[];
BEGIN
    SELECT array_agg(m.model ORDER BY m.position) INTO v_models
    FROM etl.models AS m
    INNER JOIN etl.models AS r ON m.table_name = r.table_name AND r.interval_between IS NOT NULL
    WHERE p_table IS NULL
        OR m.table_name IN (
                p_table,
                'bronze.' || p_table,
                'bronze.' || quote_ident(p_table),
                'bronze.' || quote_ident('raw_' || p_table)
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
'The models that read a table of a source (null: all tables) by its watermark, and then reconcile it, so that what is found then is what the watermark did not show. Errors: DW003 there is none.';
