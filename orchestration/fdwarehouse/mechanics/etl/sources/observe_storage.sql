CREATE FUNCTION etl.observe_storage(p_run_id bigint, p_models text[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_source text;
BEGIN
    PERFORM etl.lock_run(p_run_id);
    FOR v_source IN
        SELECT DISTINCT source_name FROM etl.pipeline_steps
        WHERE model = ANY(p_models) AND layer = 'bronze'
        ORDER BY source_name
    LOOP
        EXECUTE format('SELECT %I.observe_storage($1, $2)', v_source) USING p_run_id, p_models;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION etl.observe_storage IS
'Records the files of tables, to detect whether they are rewritten while they are read. Arguments: the run, the models. Errors: DW004 the run has ended, DW006 a deploy is under way, and connection errors.';
