-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; see etl.pin_settings.
CREATE PROCEDURE etl.run_checks(p_run_id bigint DEFAULT NULL, p_checks text[] DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
    v_run etl.acquired_run;
    v_failure etl.failure;
BEGIN
    CALL etl.pin_settings();
    PERFORM etl.require_known_checks(p_checks);
    v_run := etl.acquire_run(p_run_id, 'etl.run_checks');
    COMMIT;
    {%- if prefix %}
    SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; -- one snapshot of bronze
    {%- endif %}
    CALL etl.pin_settings();
    v_failure := etl.run_due_checks(v_run.run_id, p_checks);
    IF v_failure.error_code IS NOT NULL THEN
        CALL etl.fail_transaction(v_run.run_id, '{}', v_failure);
    END IF;
    CALL etl.return_run(v_run, '{}');
END;
$$;
COMMENT ON PROCEDURE etl.run_checks IS
'Runs the checks and stores their results. In a run of its own: all checks, over all rows. In a run that built something: the checks of the tables that it built which have not run in it yet, over the rows that it changed; if the run reconciled, also the checks that read all rows. Arguments: run id (null: the open run, or a new one), names of checks (null: all). Errors: DW002 a check of severity error failed, DW003 unknown check.';
