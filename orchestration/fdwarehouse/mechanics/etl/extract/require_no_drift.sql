CREATE FUNCTION etl.require_no_drift(p_table text) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_broken text[];
BEGIN
    SELECT array_agg(format('%s.%s: %s', source_name, subject, difference) ORDER BY subject)
    INTO v_broken
    FROM etl.drift
    WHERE breaks = p_table;

    IF v_broken IS NOT NULL THEN
        RAISE EXCEPTION '%', v_broken[1]
            USING ERRCODE = 'DW013',
                DETAIL = array_to_string(v_broken[2:], E'\n'),
                HINT = 'The table differs from its contract and was not read. Update the contract '
                    'with `fdwarehouse contract`, adapt the downstream tables, and deploy.';
    END IF;
END;
$$;
COMMENT ON FUNCTION etl.require_no_drift IS
'Raises an error if the last fence found drift that prevents reading a table. Argument: the table in bronze. Errors: DW013.';
