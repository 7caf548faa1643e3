-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; see etl.pin_settings.
CREATE PROCEDURE etl.finish_run(p_run_id bigint DEFAULT NULL, p_error text DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
    v_run_id bigint;
    v_error pg_catalog.text;
    v_summary pg_catalog.text;
BEGIN
    CALL etl.pin_settings();
    v_run_id := etl.open_run(p_run_id);
    v_error := etl.conclude_run(v_run_id, p_error);
    v_summary := etl.summary_of_run(v_run_id);
    COMMIT;
    CALL etl.pin_settings();
    IF v_error IS NOT NULL THEN
        RAISE EXCEPTION 'run % failed', v_run_id
            USING ERRCODE = 'DW007', DETAIL = v_error,
                HINT = '`fdwarehouse status`, or etl.steps, shows what failed.';
    END IF;
    RAISE NOTICE '%', v_summary;
END;
$$;
COMMENT ON PROCEDURE etl.finish_run IS
'Ends the run that start_run began: succeeded if all its steps succeeded, otherwise failed. A notice has its summary. Arguments: run id (null: the open run), an error from outside the warehouse (null: none). Errors: DW004 the run is not open, DW007 the run failed.';
