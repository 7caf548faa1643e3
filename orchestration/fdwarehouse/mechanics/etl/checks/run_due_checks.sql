CREATE FUNCTION etl.run_due_checks(p_run_id bigint, p_checks text[] DEFAULT NULL)
RETURNS etl.failure
LANGUAGE plpgsql SECURITY DEFINER -- a check reads what the loader may not
{{- settings.pinned() }}
AS $$
DECLARE
    v_failure etl.failure;
BEGIN
    PERFORM etl.require_own_run(p_run_id);
    v_failure := etl.attempt(
        format(
            'SELECT {{ "etl.require_main_idle(%1$s), " if prefix }}etl.store_check_results(
                %1$s, etl.evaluate_checks(%1$s, etl.checks_of_run(%1$s, %2$L))
            )',
            p_run_id, p_checks
        )
    );
    IF v_failure.error_code IS NULL THEN
        v_failure := etl.attempt(
            format(
                'SELECT etl.require_checks(jsonb_agg(to_jsonb(r)))
                FROM etl.check_results AS r WHERE run_id = %s',
                p_run_id
            )
        );
    END IF;
    IF v_failure.error_code = 'DW002' THEN
        v_failure.hint := '`fdwarehouse status`, or etl.check_results, shows the rows.';
    END IF;
    RETURN v_failure;
END;
$$;
COMMENT ON FUNCTION etl.run_due_checks IS
'Runs the checks that are due at the end of a run and stores their results. Arguments: the run, the names of checks (null: all). Returns the error (null: none); DW002 a check failed.';
