-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; see etl.pin_settings.
CREATE PROCEDURE etl.reconcile(p_table text DEFAULT NULL, p_run_id bigint DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
    v_models pg_catalog.text[];
    v_run etl.acquired_run;
BEGIN
    CALL etl.pin_settings();
    v_models := etl.reconciliations_of(p_table);
    v_run := etl.acquire_run(p_run_id, 'etl.reconcile', p_may_join => false);
    PERFORM etl.require_comparison(v_models);
    COMMIT;
    CALL etl.run_models(v_models, v_run.run_id, 'etl.reconcile');
    CALL etl.build_silver(v_run.run_id);
    CALL etl.build_gold(v_run.run_id);
    CALL etl.run_checks(v_run.run_id);
    CALL etl.return_run(v_run);
END;
$$;
COMMENT ON PROCEDURE etl.reconcile IS
'Compares production with bronze, repairs the differences (deletions, updates that the watermark does not show) and applies them to silver and gold. The pipeline does the same at the interval set in warehouse.yaml. Arguments: a table of the source (null: all), run id (null: a new run). Errors: DW003 unknown table, and see etl.run_models.';
