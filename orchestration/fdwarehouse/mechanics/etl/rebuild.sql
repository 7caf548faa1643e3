-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; names are qualified.
CREATE PROCEDURE etl.rebuild(p_layer text DEFAULT 'all', p_run_id bigint DEFAULT NULL)
LANGUAGE plpgsql
AS $$
BEGIN
    IF p_layer IS NULL OR p_layer NOT IN ('silver', 'gold', 'all') THEN
        RAISE EXCEPTION 'cannot rebuild %', quote_nullable(p_layer)
            USING ERRCODE = 'DW003', HINT = 'Say silver, gold or all; bronze is the history itself.';
    END IF;
    CALL etl.run_models(
        etl.models_of(CASE WHEN p_layer = 'all' THEN '{silver,gold}' ELSE ARRAY[p_layer] END),
        p_run_id, 'etl.rebuild', true
    );
END;
$$;
COMMENT ON PROCEDURE etl.rebuild IS
'Computes silver, gold or all of both from bronze and writes only what differs, so it is also the audit of the incremental build. Arguments: the layer, run id (null: the open run, or one of its own). Errors: DW003 not such a layer, and see etl.run_models.';
