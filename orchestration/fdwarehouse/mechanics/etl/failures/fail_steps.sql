CREATE FUNCTION etl.fail_steps(
    p_run_id bigint, p_models text[], p_failure etl.failure
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER -- the loader has no right on the log itself
{{- settings.pinned() }}
SET lock_timeout = {{ timeouts.lock | literal }} -- another step of the run may hold its row
AS $$
DECLARE
    v_error text := etl.printable(
        concat_ws(E'\n', p_failure.message, p_failure.detail, p_failure.context), 10000
    );
BEGIN
    PERFORM etl.require_own_run(p_run_id);
    UPDATE etl.steps
    SET status = 'failed',
        error = CASE
            WHEN model = coalesce(p_failure.model, model) THEN v_error
            ELSE format('rolled back with %s', p_failure.model)
        END,
        error_code = CASE
            WHEN model = coalesce(p_failure.model, model) THEN left(p_failure.error_code, 5)
        END,
        finished_at = clock_timestamp()
    WHERE run_id = p_run_id AND model = ANY(p_models) AND status = 'pending';

    UPDATE etl.runs
    SET error = coalesce(error, v_error)
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
'Logs the failure of the steps of a transaction that was rolled back. Without a model in the failure, all of them failed. Ends a run without a lease as failed; a run with a lease stays open for a retry. Arguments: the run, the models of the transaction, the failure.';
