-- One transaction of a run: planned, built, checked and committed. If it fails, it is rolled back,
-- and the failure is logged in a transaction of its own.
-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; see etl.pin_settings.
CREATE PROCEDURE etl.run_transaction(
    p_run_id bigint, p_models text[], p_is_full boolean, p_only_unchanged boolean DEFAULT false
)
LANGUAGE plpgsql
AS $$
DECLARE
    v_models pg_catalog.text[] := p_models;
    v_failure etl.failure;
BEGIN
    FOR v_attempt IN 1..5 LOOP
        CALL etl.pin_settings();
        IF NOT p_is_full THEN -- the fence or a failed attempt may have made some due
            v_models := etl.with_reconciliations(p_models);
        END IF;
        v_failure := etl.plan_steps(p_run_id, v_models, p_is_full);
        EXIT WHEN v_failure.error_code IS NOT NULL;
        COMMIT;
        {%- if prefix %}
        SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; -- one snapshot of bronze
        {%- else %}
        SET TRANSACTION ISOLATION LEVEL READ COMMITTED; -- to see what was committed while it waited
        {%- endif %}

        CALL etl.pin_settings();
        v_failure := etl.build_models(p_run_id, v_models, v_attempt, p_only_unchanged);
        EXIT WHEN NOT etl.is_retried(v_failure, v_attempt);
        ROLLBACK;
        SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
        CALL etl.pin_settings();
        RAISE WARNING '%; trying again', concat_ws(': ', v_failure.model, v_failure.message);
        IF v_failure.error_code = 'DW018' THEN
            v_failure := etl.observe_again(p_run_id, v_models);
            EXIT WHEN v_failure.error_code IS NOT NULL;
            COMMIT;
            SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
        END IF;
    END LOOP;
    IF v_failure.error_code IS NOT NULL THEN
        CALL etl.fail_transaction(p_run_id, v_models, v_failure);
    END IF;
    COMMIT;
END;
$$;
COMMENT ON PROCEDURE etl.run_transaction IS
'Builds models in one transaction, with the checks that must pass before it is committed. Arguments: the run, the models in topological order, whether it is a full refresh, whether to conclude only steps of tables that have not changed. Makes up to three attempts if a connection is lost, and up to five if a table is rewritten while it is read. Errors: those of the models, DW002 a check failed.';
