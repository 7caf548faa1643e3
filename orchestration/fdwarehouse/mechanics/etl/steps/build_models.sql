-- The only place where the loader's CALL gets the owner's privileges: models that are built
-- together are committed only if their checks pass.
CREATE FUNCTION etl.build_models(
    p_run_id bigint,
    p_models text[],
    p_attempt integer DEFAULT 1,
    p_only_unchanged boolean DEFAULT false
) RETURNS etl.failure
LANGUAGE plpgsql SECURITY DEFINER -- checks cannot be left out
{{- settings.pinned() }}
AS $$
DECLARE
    v_failure etl.failure;
    v_results jsonb;
    v_storage jsonb;
    v_schema text;
    v_source text;
    v_is_checking boolean := false;
    {%- if prefix %}
    v_changed_rows_of_main constant bigint := etl.changed_rows_of_main();
    {%- endif %}
BEGIN
    PERFORM etl.require_own_run(p_run_id);
    PERFORM etl.require_own_transaction(p_run_id, p_models);
    SET LOCAL lock_timeout = {{ timeouts.lock | literal }};
    SET LOCAL transaction_timeout = {{ timeouts.step | literal }};
    BEGIN
        PERFORM etl.lock_run(p_run_id); -- held during the sleep
        PERFORM pg_sleep(least(2 ^ (p_attempt - 1) - 1, 3));
        v_storage := etl.expected_storage(p_models);
        -- The time to connect to a source can be limited tightly, the time to read from it cannot.
        SET LOCAL transaction_timeout = 0; -- a running timer must be stopped before it is set again
        SET LOCAL transaction_timeout = {{ timeouts.source | literal }};
        FOR v_failure.model, v_source IN
            SELECT DISTINCT ON (source_name) model, source_name
            FROM etl.pipeline_steps
            WHERE model = ANY(p_models) AND layer IN ('source', 'bronze')
            ORDER BY source_name, position
        LOOP
            EXECUTE format('SELECT %I.require_session()', v_source);
        END LOOP;
        IF EXISTS (SELECT FROM etl.pipeline_steps WHERE model = ANY(p_models) AND layer <> 'source') THEN
            SET LOCAL transaction_timeout = 0;
            SET LOCAL transaction_timeout = {{ timeouts.step | literal }};
        END IF;
        PERFORM etl.lock_steps(p_models);
        PERFORM etl.conclude_unchanged(p_run_id, p_models);
        IF NOT p_only_unchanged THEN
            FOREACH v_failure.model IN ARRAY etl.pending_models(p_run_id, p_models) LOOP
                PERFORM etl.build_model_alone(p_run_id, v_failure.model);
            END LOOP;
            v_failure.model := NULL;
        END IF;
        PERFORM etl.require_same_source(p_run_id, v_storage);
        SET CONSTRAINTS ALL IMMEDIATE; -- while errors are still caught
        {%- if prefix %}
        PERFORM etl.require_main_untouched(v_changed_rows_of_main);
        {%- endif %}
        v_is_checking := true;
        v_results := etl.evaluate_checks(p_run_id, etl.checks_to_publish(p_models), p_models);
        PERFORM etl.require_checks(v_results);
    EXCEPTION WHEN query_canceled OR OTHERS THEN
        {{ failure.catch() | indent(8) }}
        v_failure.is_of_check := v_is_checking;
    END;
    PERFORM etl.store_check_results(p_run_id, v_results);
    RETURN v_failure;
END;
$$;
COMMENT ON FUNCTION etl.build_models IS
'Brings models up to date within the caller''s transaction, and runs the checks that must pass before it is committed. Arguments: the run, the models in topological order, the number of the attempt (1 to 5; they wait for 0, 1, 3, 3, 3 seconds), whether to conclude only steps of tables that have not changed. Returns the error that rolled everything back (null: none).';
