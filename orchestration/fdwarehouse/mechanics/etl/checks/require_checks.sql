CREATE FUNCTION etl.require_checks(p_results jsonb) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_failed text;
BEGIN
    SELECT string_agg(
        format('%s: %s rows, such as %s', check_name, offending_rows, sample_rows -> 0), E'\n'
    )
    INTO v_failed
    FROM jsonb_populate_recordset(NULL::etl.check_results, p_results)
    WHERE severity = 'error' AND offending_rows > 0;

    IF v_failed IS NOT NULL THEN
        RAISE EXCEPTION 'check % failed', split_part(v_failed, ':', 1)
            USING ERRCODE = 'DW002', DETAIL = v_failed;
    END IF;
END;
$$;
COMMENT ON FUNCTION etl.require_checks IS
'Raises DW002 if the given results have offending rows for a check of severity error.';
