CREATE FUNCTION etl.fail_steps(
    p_run_id bigint, p_models text[], p_failure etl.failure
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER -- the loader has no privileges on the log
{{- settings.pinned() }}
SET lock_timeout = {{ timeouts.lock | literal }} -- another step of the run may hold its row
AS $$
DECLARE
    v_error text := etl.printable(
        concat_ws(E'\n', p_failure.message, p_failure.detail, p_failure.context), 10000
    );
    v_position constant integer := ( -- null: not one step alone
        SELECT position FROM etl.pipeline_steps WHERE model = p_failure.model
    );
BEGIN
    PERFORM etl.require_own_run(p_run_id);
    INSERT INTO etl.steps (run_id, model, layer, position, is_full)
    SELECT p_run_id, m.model, m.layer, m.position, false
    FROM etl.pipeline_steps AS m
    WHERE m.model = ANY(p_models)
    ON CONFLICT (run_id, model) DO NOTHING; -- new ones are those that could not be planned
    WITH unbuilt AS (
        SELECT
            model,
            CASE
                WHEN p_failure.is_of_check OR position < v_position THEN 'rolled_back'
                WHEN position > v_position THEN 'skipped'
                ELSE 'failed'
            END AS status
        FROM etl.steps
        WHERE run_id = p_run_id AND model = ANY(p_models) AND status = 'pending'
    )

    UPDATE etl.steps AS s
    SET status = u.status,
        error = CASE
            WHEN u.status = 'failed' THEN v_error
            WHEN p_failure.is_of_check THEN etl.printable(p_failure.message, 10000)
            ELSE format('%s failed', p_failure.model)
        END,
        error_code = CASE WHEN u.status = 'failed' THEN left(p_failure.error_code, 5) END,
        finished_at = clock_timestamp()
    FROM unbuilt AS u
    WHERE s.run_id = p_run_id AND s.model = u.model;

    UPDATE etl.runs
    SET hint = CASE WHEN error IS NULL THEN etl.printable(p_failure.hint, 10000) ELSE hint END,
        error = coalesce(error, v_error)
    WHERE run_id = p_run_id AND status = 'running';

    IF EXISTS (
        SELECT FROM etl.runs
        WHERE run_id = p_run_id
            AND (
                lease IS NULL -- its only session ends with the error
                OR (begun_by = 'etl.backfill' AND etl.run_owner(run_id) IS NULL) -- so does its last
            )
    ) THEN
        PERFORM etl.end_run(p_run_id, 'failed', v_error);
    END IF;
END;
$$;
COMMENT ON FUNCTION etl.fail_steps IS
'Logs the failure of the steps of a transaction that was rolled back. The failed step is the one that the failure names: those before it were rolled back, those after it skipped. If a check failed, all were rolled back; otherwise all failed. Ends a run without a lease as failed; a run with a lease stays open for a retry. Arguments: the run, the models of the transaction, the failure.';
