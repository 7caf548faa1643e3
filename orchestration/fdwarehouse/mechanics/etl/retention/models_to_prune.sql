-- It is not SECURITY DEFINER, see etl.prune_bronze.
CREATE FUNCTION etl.models_to_prune(p_older_than interval, p_table text) RETURNS text[]
LANGUAGE plpgsql STABLE
{{- settings.pinned() }}
AS $$
DECLARE
    v_named text[];
    v_models text[];
BEGIN
    {{- lock.refuse_beside() }}
    IF p_older_than < '0' THEN
        RAISE EXCEPTION 'bronze cannot be pruned of versions older than %',
            quote_nullable(p_older_than::text)
            USING ERRCODE = 'invalid_parameter_value',
                HINT = 'Specify how far back history reaches: CALL etl.prune_bronze(''2 years'').';
    END IF;

    SELECT
        array_agg(model ORDER BY position),
        array_agg(model ORDER BY position) FILTER (
            WHERE p_older_than IS NOT NULL OR retention IS NOT NULL
        )
    INTO v_named, v_models
    FROM etl.pipeline_steps
    WHERE layer = 'bronze'
        AND interval_between IS NULL
        AND (p_table IS NULL OR etl.is_named(table_name, p_table));
    IF v_named IS NULL THEN
        RAISE EXCEPTION 'no table % is in bronze', quote_nullable(p_table)
            USING ERRCODE = 'DW003',
                HINT = 'SELECT table_name FROM etl.pipeline_steps WHERE layer = ''bronze'';';
    ELSIF v_models IS NULL THEN
        RAISE EXCEPTION 'nothing says how long % is kept',
            CASE WHEN p_table IS NULL THEN 'history' ELSE v_named[1] END
            USING ERRCODE = 'invalid_parameter_value',
                HINT = 'Specify how far back history reaches: CALL etl.prune_bronze(''2 years''), or '
                    'retention: 2 years at the table in warehouse.yaml.';
    END IF;
    RETURN v_models;
END;
$$;
COMMENT ON FUNCTION etl.models_to_prune IS
'Returns the models of bronze to prune. Arguments: the age at which history begins (null: the retention of each table; others are left out), a table of a source (null: all). Errors: 22023 the age is negative, or no table has a retention, DW003 unknown table.';
