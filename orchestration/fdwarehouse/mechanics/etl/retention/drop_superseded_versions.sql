-- It is not SECURITY DEFINER, see etl.prune_bronze.
CREATE FUNCTION etl.drop_superseded_versions(
    p_run_id bigint, p_models text[], p_older_than interval
) RETURNS etl.failure
LANGUAGE plpgsql
{{- settings.pinned() }}
AS $$
DECLARE
    v_model text;
    v_failure etl.failure;
BEGIN
    FOREACH v_model IN ARRAY p_models LOOP
        v_failure := etl.attempt(
            format(
                'SELECT etl.prune_table(%s, %L, %L)',
                p_run_id,
                v_model,
                coalesce(
                    p_older_than,
                    (SELECT m.retention FROM etl.pipeline_steps AS m WHERE m.model = v_model)
                )
            ),
            v_model
        );
        EXIT WHEN v_failure.error_code IS NOT NULL;
    END LOOP;
    RETURN v_failure;
END;
$$;
COMMENT ON FUNCTION etl.drop_superseded_versions IS
'Deletes the superseded versions of tables in bronze within the caller''s transaction. Arguments: the run, the models of bronze, the age at which history begins (null: the retention of each). Returns the error of the table that failed (null: none).';
