-- The caller must own the tables that it deletes from. The loader can only CALL: it lacks the
-- privileges for the functions below that are not SECURITY DEFINER, and fails at the first of them,
-- before a run begins.
-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; see etl.pin_settings.
CREATE PROCEDURE etl.prune_bronze(p_older_than interval DEFAULT NULL, p_table text DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
    v_models pg_catalog.text[];
    v_run etl.acquired_run;
    v_failure etl.failure;
BEGIN
    CALL etl.pin_settings();
    v_models := etl.models_to_prune(p_older_than, p_table);
    v_run := etl.acquire_run(NULL, 'etl.prune_bronze', p_may_join => false);
    COMMIT;
    CALL etl.pin_settings();
    v_failure := etl.plan_steps(v_run.run_id, v_models, false);
    IF v_failure.error_code IS NOT NULL THEN
        CALL etl.fail_transaction(v_run.run_id, v_models, v_failure);
    END IF;
    COMMIT;
    CALL etl.pin_settings();
    v_failure := etl.drop_superseded_versions(v_run.run_id, v_models, p_older_than);
    IF v_failure.error_code IS NOT NULL THEN
        v_failure.hint := 'Nothing was deleted.';
        CALL etl.fail_transaction(v_run.run_id, v_models, v_failure);
    END IF;
    CALL etl.return_run(v_run, v_models);
END;
$$;
COMMENT ON PROCEDURE etl.prune_bronze IS
'Deletes from bronze the versions that were superseded before a given age. The current versions stay, and so do those that were current at that age: history begins there, and the next run refreshes gold in full. Deleted history cannot be restored, so only the owner may call this. Arguments: the age (null: the retention of each table in warehouse.yaml), a table of a source (null: all). Errors: 22023 the age is negative, or no table has a retention, DW001 a run is in progress, DW003 unknown table, DW006 a deploy is under way.';
