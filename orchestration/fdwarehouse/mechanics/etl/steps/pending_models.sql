CREATE FUNCTION etl.pending_models(p_run_id bigint, p_models text[]) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER -- the loader has no privileges on the log
{{- settings.pinned() }}
BEGIN ATOMIC
    SELECT coalesce(array_agg(s.model ORDER BY s.position), '{}')
    FROM etl.steps AS s
    WHERE s.run_id = p_run_id AND s.model = ANY(p_models) AND s.status = 'pending';
END;
COMMENT ON FUNCTION etl.pending_models IS
'Returns which of some models are still to be built in a run, in topological order. Arguments: the run, the models.';
