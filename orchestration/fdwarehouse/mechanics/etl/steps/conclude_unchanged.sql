CREATE FUNCTION etl.conclude_unchanged(p_run_id bigint, p_models text[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_models text[];
    v_source text;
    v_unchanged text[];
BEGIN
    -- Others need more than a look: those to compute in full, without indexes yet, held back, or too
    -- late in the run.
    WITH RECURSIVE others AS (
        SELECT s.status, m.layer, m.table_name, m.reads
        FROM etl.steps AS s
        INNER JOIN etl.pipeline_steps AS m ON s.model = m.model
        WHERE s.run_id = p_run_id AND s.status NOT IN ('pending', 'abandoned')
    ),

    unbuilt_tables AS (
        SELECT table_name FROM others WHERE status <> 'succeeded'
        UNION
        SELECT m.table_name
        FROM unbuilt_tables AS u
        INNER JOIN etl.pipeline_steps AS m ON u.table_name = ANY(m.reads)
    )

    SELECT array_agg(s.model) INTO v_models
    FROM etl.steps AS s
    INNER JOIN etl.pipeline_steps AS m ON s.model = m.model
    INNER JOIN etl.watermarks AS w ON s.model = w.model
    WHERE s.run_id = p_run_id
        AND s.model = ANY(p_models)
        AND s.status = 'pending'
        AND NOT s.is_full
        AND s.model NOT IN (SELECT d.table_name FROM etl.deferred_indexes AS d)
        AND s.model NOT IN (SELECT d.breaks FROM etl.drift AS d WHERE d.breaks IS NOT NULL)
        AND s.model NOT IN (SELECT o.table_name FROM others AS o)
        AND s.model NOT IN (SELECT unnest(o.reads) FROM others AS o WHERE o.status = 'succeeded')
        AND (m.layer <> 'bronze' OR 'silver' NOT IN (SELECT o.layer FROM others AS o))
        AND (m.layer = 'gold' OR 'gold' NOT IN (SELECT o.layer FROM others AS o))
        AND s.model NOT IN (SELECT u.table_name FROM unbuilt_tables AS u);
    v_unchanged := etl.unchanged_models(v_models);
    FOR v_source IN
        SELECT DISTINCT source_name
        FROM etl.pipeline_steps
        WHERE model = ANY(v_models) AND layer = 'bronze'
    LOOP
        BEGIN
            EXECUTE format('SELECT $1 || %I.unchanged_tables($2, $3)', v_source)
            INTO v_unchanged
            USING v_unchanged, p_run_id, v_models;
        EXCEPTION WHEN OTHERS THEN
            IF NOT etl.concerns_one_table(SQLSTATE, SQLERRM) THEN
                RAISE;
            END IF;
            CONTINUE; -- the table that it concerns fails when it is read alone
        END;
    END LOOP;

    UPDATE etl.steps AS s
    SET
        status = 'succeeded',
        error = NULL,
        error_code = NULL,
        since_run_id = w.run_id,
        rows_read = 0,
        rows_inserted = 0,
        rows_updated = 0,
        rows_deleted = 0,
        rows_rejected = 0,
        started_at = clock_timestamp(),
        finished_at = clock_timestamp()
    FROM etl.watermarks AS w
    WHERE s.run_id = p_run_id AND s.model = w.model AND s.model = ANY(v_unchanged);
    PERFORM etl.advance_watermarks(p_run_id, v_unchanged, false, false);
END;
$$;
COMMENT ON FUNCTION etl.conclude_unchanged IS
'Concludes the pending steps of tables that need not be written: nothing has changed in what they read. Arguments: the run, the models.';
