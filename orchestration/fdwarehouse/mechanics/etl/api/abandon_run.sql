-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; see etl.pin_settings.
CREATE PROCEDURE etl.abandon_run(p_run_id bigint)
LANGUAGE plpgsql
AS $$
BEGIN
    CALL etl.pin_settings();
    PERFORM etl.give_up_run(p_run_id);
    COMMIT;
END;
$$;
COMMENT ON PROCEDURE etl.abandon_run IS
'Abandons an open run that no session is working on, so that the next run need not wait for its lease to expire. Argument: run id. Errors: DW001 a process still works on it, DW004 the run is not open.';
