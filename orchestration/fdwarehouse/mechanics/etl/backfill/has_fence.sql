CREATE FUNCTION etl.has_fence(p_run_id bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER -- the loader has no privileges on the log
{{- settings.pinned() }}
BEGIN ATOMIC
    SELECT count(*) FILTER (WHERE s.status = 'succeeded') = count(*)
    FROM etl.pipeline_steps AS m
    LEFT JOIN etl.steps AS s ON m.model = s.model AND s.run_id = p_run_id
    WHERE m.layer = 'source';
END;
COMMENT ON FUNCTION etl.has_fence IS
'Whether a run has read the fence of every source. Argument: the run.';
