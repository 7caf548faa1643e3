-- Whoever calls it must own what it deletes: the loader, who can only call, is refused by the
-- functions behind it that are no SECURITY DEFINER, and by the first of them before a run begins.
-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; see etl.pin_settings.
CREATE PROCEDURE etl.prune_bronze(p_older_than interval, p_table text DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
    v_models pg_catalog.text[];
    v_run_id bigint;
    v_failure etl.failure;
BEGIN
    CALL etl.pin_settings();
    v_models := etl.models_to_prune(p_older_than, p_table);
    v_run_id := etl.join_run(NULL, 'etl.prune_bronze', p_may_join => false);
    PERFORM etl.plan_steps(v_run_id, v_models, false);
    COMMIT;
    CALL etl.pin_settings();
    v_failure := etl.drop_superseded_versions(v_run_id, v_models, p_older_than);
    IF v_failure.error_code IS NULL THEN
        PERFORM etl.leave_run(v_run_id, 'etl.prune_bronze');
        COMMIT;
        CALL etl.pin_settings();
    ELSE
        ROLLBACK;
        CALL etl.pin_settings();
        PERFORM etl.fail_steps(v_run_id, v_models, v_failure);
        COMMIT;
        CALL etl.pin_settings();
        RAISE EXCEPTION '%: %', v_failure.model, v_failure.message
            USING ERRCODE = v_failure.error_code,
                DETAIL = concat_ws(
                    E'\n', nullif(v_failure.detail, ''), 'In run ' || v_run_id || '.'
                ),
                HINT = 'Nothing was dropped.';
    END IF;
END;
$$;
COMMENT ON PROCEDURE etl.prune_bronze IS
'Drops from bronze the versions that had been superseded at a given age. What is true now stays, and so does what was true at that age: history begins there, and gold is computed anew by the next run. Dropped history cannot be brought back, so this is the owner''s alone. Arguments: the age, a table of a source (null: all). Errors: 22023 the age is null or negative, DW001 a run is in progress, DW003 unknown table, DW006 a deploy is under way.';
