CREATE FUNCTION etl.execute_checks(p_run_id bigint) RETURNS etl.failure
LANGUAGE plpgsql SECURITY DEFINER -- a check reads what the loader may not
{{- settings.pinned() }}
AS $$
DECLARE
    v_failure etl.failure;
    v_results jsonb;
BEGIN
    PERFORM etl.require_own_run(p_run_id);
    BEGIN
        v_results := etl.evaluate_checks(p_run_id);
        PERFORM etl.require_checks(v_results);
    EXCEPTION WHEN query_canceled OR OTHERS THEN
        GET STACKED DIAGNOSTICS
            v_failure.error_code = RETURNED_SQLSTATE,
            v_failure.message = MESSAGE_TEXT,
            v_failure.detail = PG_EXCEPTION_DETAIL;
    END;
    PERFORM etl.store_check_results(p_run_id, v_results);
    RETURN v_failure;
END;
$$;
COMMENT ON FUNCTION etl.execute_checks IS
'Runs the checks of a run that have not run in it and keeps their results. Returns the error, if there was one.';
