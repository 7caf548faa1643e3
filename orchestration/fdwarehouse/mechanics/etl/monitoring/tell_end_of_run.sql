-- Telling must not keep a run from ending.
CREATE FUNCTION etl.tell_end_of_run(p_run_id bigint) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM etl.tell_listeners(
        jsonb_build_object(
            'event', 'run_ended',
            'run_id', r.run_id,
            'begun_by', r.begun_by,
            'status', r.status,
            'seconds', extract(EPOCH FROM r.finished_at - r.started_at),
            'message', left(etl.error_of_run(r.run_id), 1000)
        )
    )
    FROM etl.runs AS r
    WHERE r.run_id = p_run_id;
    PERFORM etl.tell_problems();
EXCEPTION WHEN OTHERS THEN
    RAISE WARNING 'listeners were not told of the end of run %: %', p_run_id, SQLERRM;
END;
$$;
COMMENT ON FUNCTION etl.tell_end_of_run IS
'Notifies the sessions that LISTEN {{ prefix }}fdwarehouse of the end of a run, and of problems that began or ended, see etl.notify_problems. Argument: the run.';
