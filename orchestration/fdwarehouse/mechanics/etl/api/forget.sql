-- The caller must own the tables that it deletes from. The loader can only CALL: it lacks the
-- privileges for the functions below that are not SECURITY DEFINER, and fails at the first of them,
-- before a run begins.
-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; see etl.pin_settings.
CREATE PROCEDURE etl.forget(p_table text, p_key text)
LANGUAGE plpgsql
AS $$
DECLARE
    v_row etl.forgotten_row;
    v_downstream pg_catalog.text[];
    v_run etl.acquired_run;
    v_failure etl.failure;
    v_beside pg_catalog.text;
BEGIN
    CALL etl.pin_settings();
    v_row := etl.row_to_forget(p_table, p_key);
    v_downstream := etl.downstream_of(v_row.model);
    v_run := etl.acquire_run(NULL, 'etl.forget', p_may_join => false);
    COMMIT;
    CALL etl.pin_settings();
    v_failure := etl.plan_steps(v_run.run_id, ARRAY[v_row.model], false);
    IF v_failure.error_code IS NULL THEN
        v_failure := etl.attempt(
            pg_catalog.format(
                'SELECT etl.erase(%s, %L, %L)', v_run.run_id, v_row.model, v_row.key
            ),
            v_row.model
        );
    END IF;
    IF v_failure.error_code IS NOT NULL THEN
        CALL etl.fail_transaction(v_run.run_id, ARRAY[v_row.model], v_failure);
    END IF;
    COMMIT;
    CALL etl.run_models(v_downstream, v_run.run_id, 'etl.forget');
    CALL etl.pin_settings();
    v_failure := etl.attempt(
        pg_catalog.format('SELECT etl.erase_traces(%s, %L)', v_run.run_id, v_downstream)
    );
    IF v_failure.error_code IS NOT NULL THEN
        CALL etl.fail_transaction(v_run.run_id, '{}', v_failure);
    END IF;
    COMMIT;
    FOR v_beside IN
        SELECT pg_catalog.quote_ident(n.nspname)
        FROM pg_catalog.pg_class AS c
        INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace OPERATOR(pg_catalog.=) n.oid
        WHERE c.relname OPERATOR(pg_catalog.=) 'followed_deployment'
    LOOP
        RAISE WARNING 'the environment of % still has the row', v_beside
            USING HINT = pg_catalog.format('CALL %s.run_pipeline() erases it there.', v_beside);
    END LOOP;
    CALL etl.return_run(v_run);
END;
$$;
COMMENT ON PROCEDURE etl.forget IS
'Erases a row of a source: from bronze, from what is rejected, from all tables downstream, their logs, and the samples and errors of the log. It is never read again. Facts about it refer to an inferred member, which has only the key. Only a keyed hash of the key is recorded, in etl.forgotten_keys. Call it outside a transaction, and again if it was interrupted. VACUUM afterwards reuses the space. Arguments: the table, as source.table; the value of its key (of several columns: an array such as {7,2}). Errors: 22023 these are not the columns of its key, or it has none; DW001 a run is in progress; DW003 unknown table; DW006 a deploy is under way; and those of the models.';
