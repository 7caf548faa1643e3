-- In bronze and silver, a table that fails does not fail the others, unless its source says so. Its
-- downstream tables are held back in every layer: they stay unchanged. Gold is published as a whole
-- or not at all.
CREATE FUNCTION etl.build_model_alone(p_run_id bigint, p_model text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_layer text := (SELECT layer FROM etl.pipeline_steps WHERE model = p_model);
    v_held_by text := {% if prefix -%}
        coalesce(etl.held_back_by(p_run_id, p_model), etl.failed_in_main(p_model));
    {%- else -%}
        etl.held_back_by(p_run_id, p_model);
    {%- endif %}
    v_stops_others boolean := EXISTS (
        SELECT FROM etl.pipeline_steps AS m
        INNER JOIN etl.sources AS s ON m.source_name = s.source_name
        WHERE m.model = p_model AND s.on_error = 'error'
    );
    v_is_unfilled boolean;
    v_failure etl.failure;
    v_schema text;
BEGIN
    IF v_held_by IS NOT NULL THEN
        UPDATE etl.steps
        SET status = 'skipped',
            error = 'held back by ' || v_held_by,
            started_at = clock_timestamp(),
            finished_at = clock_timestamp()
        WHERE run_id = p_run_id AND model = p_model AND status <> 'succeeded';
        RETURN;
    ELSIF v_layer NOT IN ('bronze', 'silver') THEN
        PERFORM etl.build_model(p_run_id, p_model);
        RETURN;
    END IF;

    BEGIN
        PERFORM etl.build_model(p_run_id, p_model);
    EXCEPTION WHEN OTHERS THEN
        v_is_unfilled := v_layer = 'bronze' AND SQLSTATE = '55000'; -- a materialized view
        IF NOT etl.concerns_one_table(SQLSTATE, SQLERRM) OR (v_stops_others AND NOT v_is_unfilled) THEN
            RAISE;
        END IF;
        v_failure.model := p_model;
        {{ failure.catch() | indent(8) }}
        IF v_is_unfilled THEN -- the watermark stays, so nothing is missed later
            UPDATE etl.steps
            SET status = 'succeeded',
                error = etl.printable('it keeps its rows: ' || v_failure.message, 10000),
                rows_read = 0,
                rows_inserted = 0,
                rows_updated = 0,
                rows_deleted = 0,
                rows_rejected = 0,
                started_at = coalesce(started_at, clock_timestamp()),
                finished_at = clock_timestamp()
            WHERE run_id = p_run_id AND model = p_model;
            RAISE WARNING '%: it keeps its rows: %', p_model, v_failure.message
                USING HINT = 'REFRESH MATERIALIZED VIEW fills it in production.';
            RETURN;
        END IF;
        UPDATE etl.steps
        SET status = 'failed',
            error = etl.printable(
                concat_ws(E'\n', v_failure.message, v_failure.detail, v_failure.context), 10000
            ),
            error_code = v_failure.error_code,
            failure = v_failure,
            started_at = coalesce(started_at, clock_timestamp()),
            finished_at = clock_timestamp()
        WHERE run_id = p_run_id AND model = p_model;
        UPDATE etl.runs
        SET hint = CASE WHEN error IS NULL THEN etl.printable(v_failure.hint, 10000) ELSE hint END,
            error = coalesce(error, etl.printable(v_failure.message, 10000))
        WHERE run_id = p_run_id AND status = 'running';
        RAISE WARNING '%: %', p_model, v_failure.message;
    END;
END;
$$;
COMMENT ON FUNCTION etl.build_model_alone IS
'Brings one model up to date within the caller''s transaction; in bronze and silver, logs a failure instead of raising it, so that other models can be built. A materialized view of production without data is a warning. Arguments: the run, the model. Errors: see etl.build_model; in bronze and silver, only errors that do not concern the table alone, and those of a source with on_error: error.';
