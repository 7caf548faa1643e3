CREATE FUNCTION etl.require_same_source(p_run_id bigint, p_expected jsonb) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_source text;
    v_relations jsonb;
    v_reason text;
BEGIN
    FOR v_source, v_relations IN
        SELECT
            e.key,
            e.value - ARRAY( -- tables that failed were not read
                SELECT m.table_name
                FROM etl.steps AS s
                INNER JOIN etl.pipeline_steps AS m ON s.model = m.model
                WHERE s.run_id = p_run_id AND s.status IN ('failed', 'rolled_back', 'skipped')
            )
        FROM jsonb_each(p_expected) AS e
    LOOP
        EXECUTE format('SELECT %I.require_session()', v_source);
        EXECUTE format('SELECT %I.require_same_storage($1)', v_source) USING v_relations;
        UPDATE etl.storage AS s
        SET extracted_relations = e.relations
        FROM jsonb_each_text(v_relations) AS e (model, relations)
        WHERE s.model = e.model AND s.extracted_relations IS DISTINCT FROM e.relations;

        -- The rows that were read are correct but may be incomplete. The next run reconciles them.
        EXECUTE format('SELECT %I.discontinuity_in($1)', v_source) INTO v_reason USING p_run_id;
        PERFORM etl.mark_unreconciled(
            p_run_id, ARRAY(SELECT jsonb_object_keys(v_relations)), v_reason
        );
    END LOOP;
END;
$$;
COMMENT ON FUNCTION etl.require_same_source IS
'Raises an error if a table was rewritten while this transaction read it. Otherwise records which files were read, and marks tables as unreconciled if the server has changed or its clock has gone back since the fence of the run. Arguments: the run, the earlier result of etl.expected_storage. Errors: DW018 a table was rewritten.';
