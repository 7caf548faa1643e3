CREATE PROCEDURE etl.notify_problems()
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM etl.tell_problems();
END;
$$;
COMMENT ON PROCEDURE etl.notify_problems IS
'Notifies the sessions that LISTEN {{ prefix }}fdwarehouse of each problem that began or ended since the last call, see etl.problems. Each run does the same at its end, so only what begins with time, such as source_late, needs further calls. The payload is JSON: {"event": "problem_began" or "problem_ended", "problem", "kind", "severity", "subject", "since", "run_id", "message", "hint"}; at the end of a run {"event": "run_ended", "run_id", "begun_by", "status", "seconds", "message"}.';
