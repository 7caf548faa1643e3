-- It is not SECURITY DEFINER, see etl.forget.
CREATE FUNCTION etl.erase_traces(p_run_id bigint, p_models text[]) RETURNS void
LANGUAGE plpgsql
{{- settings.pinned() }}
AS $$
DECLARE
    v_log regclass;
    v_table regclass;
BEGIN
    PERFORM etl.lock_run(p_run_id);
    PERFORM etl.lock_steps(p_models);
    FOR v_log IN -- everything downstream has been computed in full
        SELECT c.oid
        FROM etl.pipeline_steps AS m
        INNER JOIN pg_class AS t ON t.oid = m.table_name::regclass
        INNER JOIN pg_class AS c
            ON c.relnamespace = t.relnamespace AND c.relname = t.relname || '_changes'
        WHERE m.model = ANY(p_models)
            AND obj_description(c.oid, 'pg_class') LIKE 'The change log of %'
    LOOP
        EXECUTE format('DELETE FROM %s', v_log);
    END LOOP;

    UPDATE etl.check_results SET sample_rows = '[]' WHERE sample_rows <> '[]';
    UPDATE etl.alerted_problems SET message = 'erased' WHERE message <> 'erased';
    UPDATE etl.steps SET error = 'erased', failure = NULL WHERE error IS NOT NULL;
    UPDATE etl.runs SET error = 'erased', hint = NULL WHERE error IS NOT NULL AND status <> 'running';

    FOR v_table IN -- statistics contain values
        SELECT c.oid
        FROM pg_class AS c
        INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
        WHERE c.relkind IN ('r', 'p')
            AND (
                n.nspname IN ({{ (prefix ~ 'silver') | literal }}, {{ (prefix ~ 'gold') | literal }})
                OR c.oid = ANY(
                    '{etl.check_results,etl.steps,etl.runs,etl.chunks,etl.alerted_problems}'::regclass[]
                )
            )
            AND pg_has_role(c.relowner, 'USAGE')
    LOOP
        EXECUTE format('ANALYZE %s', v_table);
    END LOOP;
END;
$$;
COMMENT ON FUNCTION etl.erase_traces IS
'Erases what change logs, check results and errors may hold of rows that are gone. Arguments: the run, the models whose tables have been computed in full.';
