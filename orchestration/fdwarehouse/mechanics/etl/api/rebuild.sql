-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; see etl.pin_settings.
CREATE PROCEDURE etl.rebuild(p_layer text DEFAULT 'all', p_run_id bigint DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
    v_run_id bigint;
BEGIN
    CALL etl.pin_settings();
    IF p_layer IS NULL OR p_layer NOT IN ('silver', 'gold', 'all') THEN
        RAISE EXCEPTION 'cannot rebuild %', quote_nullable(p_layer)
            USING ERRCODE = 'DW003', HINT = 'Say silver, gold or all; bronze is the history itself.';
    END IF;
    v_run_id := etl.join_run(p_run_id, 'etl.rebuild');
    COMMIT;
    CALL etl.pin_settings();
    IF p_layer = 'gold' THEN
        CALL etl.build_silver(v_run_id); -- gold, which reads every version, is not ahead of it
    END IF;
    CALL etl.pin_settings();
    CALL etl.run_models(
        etl.models_of(CASE WHEN p_layer = 'all' THEN '{silver,gold}' ELSE ARRAY[p_layer] END),
        v_run_id, 'etl.rebuild', true
    );
END;
$$;
COMMENT ON PROCEDURE etl.rebuild IS
'Computes silver, gold or all of both from bronze and writes only what differs, so it is also the audit of the incremental build. Gold comes after what silver has not taken up yet. Arguments: the layer, run id (null: the open run, or one of its own). Errors: DW003 not such a layer, and see etl.run_models.';
