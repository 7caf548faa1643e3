CREATE FUNCTION etl.build_model(p_run_id bigint, p_model text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_step etl.steps;
    v_model etl.pipeline_steps;
    v_done_model text;
    v_since_run_id bigint;
    v_counts etl.row_counts;
    v_is_changed boolean;
BEGIN
    PERFORM etl.lock_run(p_run_id);
    PERFORM {{ lock.show_step('p_model') }};

    IF NOT EXISTS (SELECT FROM etl.runs WHERE run_id = p_run_id AND status = 'running') THEN
        RAISE EXCEPTION 'run % is no longer open', p_run_id
            USING ERRCODE = 'DW004', DETAIL = 'Another session has ended it.';
    END IF;

    SELECT * INTO STRICT v_step FROM etl.steps WHERE run_id = p_run_id AND model = p_model;
    SELECT * INTO STRICT v_model FROM etl.pipeline_steps WHERE model = p_model;
    IF v_step.status = 'succeeded' THEN
        RETURN; -- a retry after success
    END IF;

    -- A run reads one snapshot of production, and reads a layer only when it is complete.
    SELECT done.model INTO v_done_model
    FROM etl.steps AS done
    INNER JOIN etl.pipeline_steps AS m ON done.model = m.model
    WHERE done.run_id = p_run_id
        AND done.status = 'succeeded'
        AND (
            array_position('{source,bronze,silver,gold}', done.layer)
            > array_position('{source,bronze,silver,gold}', v_step.layer)
            OR p_model = ANY(m.reads)
            OR (m.table_name = v_model.table_name AND done.finished_at < now())
        );
    IF FOUND THEN
        RAISE EXCEPTION '% can no longer be built in run %', p_model, p_run_id
            USING ERRCODE = 'DW005',
                DETAIL = format('%s has already been built in this run.', v_done_model),
                HINT = 'End the run and begin another.';
    END IF;

    SELECT run_id INTO v_since_run_id FROM etl.watermarks WHERE model = p_model;
    v_since_run_id := CASE WHEN v_step.is_full THEN 0 ELSE coalesce(v_since_run_id, 0) END;

    UPDATE etl.steps
    SET started_at = clock_timestamp(), finished_at = NULL, since_run_id = v_since_run_id
    WHERE run_id = p_run_id AND model = p_model;

    PERFORM etl.require_no_drift(v_model.table_name);
    PERFORM etl.add_partitions(v_model.table_name, v_since_run_id);
    EXECUTE format('SELECT * FROM %s($1, $2)', v_model.writer)
    INTO v_counts
    USING p_run_id, v_since_run_id;
    -- null: a writer by hand does not count
    v_is_changed :=
        coalesce(v_counts.rows_inserted + v_counts.rows_updated + v_counts.rows_deleted > 0, true);

    IF v_step.layer <> 'source' THEN
        PERFORM etl.create_deferred_indexes(v_model.table_name);
        PERFORM etl.refresh_statistics(v_model.table_name, v_counts);
        {%- if prefix %}
        IF v_since_run_id = 0 THEN -- statistics contain values, which may have been erased
            EXECUTE format('ANALYZE %s, silver.rejected_rows', v_model.table_name::regclass);
        END IF;
        {%- endif %}
        PERFORM etl.advance_watermarks(
            p_run_id,
            ARRAY[p_model],
            v_since_run_id = 0,
            v_is_changed
        );
        IF v_since_run_id = 0 OR v_counts.rows_deleted > 0 THEN
            PERFORM etl.invalidate_downstream(p_model, v_since_run_id = 0);
        END IF;
    END IF;

    UPDATE etl.steps
    SET status = 'succeeded',
        error = NULL,
        error_code = NULL,
        rows_read = v_counts.rows_read,
        rows_inserted = v_counts.rows_inserted,
        rows_updated = v_counts.rows_updated,
        rows_deleted = v_counts.rows_deleted,
        rows_rejected = v_counts.rows_rejected,
        table_bytes = CASE
            WHEN v_is_changed AND v_step.layer <> 'source' THEN etl.table_bytes(v_model.table_name)
        END,
        finished_at = clock_timestamp()
    WHERE run_id = p_run_id AND model = p_model;
END;
$$;
COMMENT ON FUNCTION etl.build_model IS
'Brings one model up to date within the caller''s transaction and logs it. The step must have been planned and locked. Errors: DW004 the run has ended, DW005 a downstream table, or the table itself, has already been built in this run, DW006 a deploy is under way, DW013 the table of production differs from its contract, and those of the model.';
