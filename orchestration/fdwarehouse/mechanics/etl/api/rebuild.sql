-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; see etl.pin_settings.
CREATE PROCEDURE etl.rebuild(p_layer text DEFAULT 'all', p_run_id bigint DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
    v_run etl.acquired_run;
    v_with_silver boolean;
    v_with_gold boolean;
BEGIN
    CALL etl.pin_settings();
    IF p_layer IS NULL OR p_layer NOT IN ('silver', 'gold', 'all') THEN
        RAISE EXCEPTION 'cannot rebuild %', quote_nullable(p_layer)
            USING ERRCODE = 'DW003', HINT = 'Use silver, gold or all; bronze is the history.';
    END IF;
    v_with_silver := p_layer <> 'gold';
    v_with_gold := p_layer <> 'silver';
    v_run := etl.acquire_run(p_run_id, 'etl.rebuild');
    COMMIT;
    CALL etl.build_silver(v_run.run_id, v_with_silver); -- gold must not be ahead of silver
    IF v_with_gold THEN
        CALL etl.build_gold(v_run.run_id, true);
    END IF;
    CALL etl.return_run(v_run);
END;
$$;
COMMENT ON PROCEDURE etl.rebuild IS
'Computes silver, gold or both in full and writes only the rows that differ, so it also audits the incremental build. Silver is brought up to date before gold is computed. Arguments: the layer, run id (null: the open run, or a new one). Errors: DW003 unknown layer, and see etl.run_models.';
