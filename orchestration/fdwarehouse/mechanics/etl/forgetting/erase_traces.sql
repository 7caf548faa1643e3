-- It is not SECURITY DEFINER, see etl.forget.
CREATE FUNCTION etl.erase_traces(p_run_id bigint, p_models text[]) RETURNS void
LANGUAGE plpgsql
{{- settings.pinned() }}
AS $$
DECLARE
    v_table regclass;
    v_log regclass;
BEGIN
    PERFORM etl.lock_run(p_run_id);
    PERFORM etl.lock_steps(p_models);
    FOR v_table IN
        SELECT m.table_name FROM etl.pipeline_steps AS m WHERE m.model = ANY(p_models)
    LOOP
        SELECT c.oid INTO v_log
        FROM pg_class AS t
        INNER JOIN pg_class AS c
            ON c.relnamespace = t.relnamespace AND c.relname = t.relname || '_changes'
        WHERE t.oid = v_table;
        IF FOUND THEN -- everything downstream has been computed in full
            EXECUTE format('DELETE FROM %s', v_log);
            EXECUTE format('ANALYZE %s', v_log);
        END IF;
        EXECUTE format('ANALYZE %s', v_table);
    END LOOP;

    UPDATE etl.check_results SET sample_rows = '[]' WHERE sample_rows <> '[]';
    UPDATE etl.steps SET error = 'erased', failure = NULL WHERE error IS NOT NULL;
    UPDATE etl.runs SET error = 'erased' WHERE error IS NOT NULL AND status <> 'running';
END;
$$;
COMMENT ON FUNCTION etl.erase_traces IS
'Erases what change logs, check results and errors may hold of rows that are gone. Arguments: the run, the models whose tables have been computed in full.';
