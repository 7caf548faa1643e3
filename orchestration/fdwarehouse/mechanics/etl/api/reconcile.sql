-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; see etl.pin_settings.
CREATE PROCEDURE etl.reconcile(p_table text DEFAULT NULL, p_run_id bigint DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
    v_models pg_catalog.text[];
    v_run_id bigint;
    v_failure etl.failure;
BEGIN
    CALL etl.pin_settings();
    v_models := etl.reconciliations_of(p_table);
    v_run_id := etl.join_run(p_run_id, 'etl.reconcile', p_may_join => false);
    COMMIT;
    CALL etl.pin_settings();
    CALL etl.run_models(v_models, v_run_id, 'etl.run_models');
    CALL etl.build_silver(v_run_id);
    CALL etl.build_gold(v_run_id);
    CALL etl.run_checks(v_run_id);
    PERFORM etl.leave_run(v_run_id, 'etl.reconcile');
    COMMIT;
    CALL etl.pin_settings();
    v_failure := etl.failure_of(v_run_id, NULL, 'etl.reconcile');
    IF v_failure.error_code IS NOT NULL THEN
        CALL etl.raise_failure(v_run_id, v_failure);
    END IF;
END;
$$;
COMMENT ON PROCEDURE etl.reconcile IS
'Compares production with bronze, repairs what differs (deletions, silent updates) and carries it on to gold. The pipeline does the same by itself, as often as warehouse.yaml says. Arguments: a table of the source (null: all), run id (null: a run of its own). Errors: DW003 unknown table, and see etl.run_models.';
