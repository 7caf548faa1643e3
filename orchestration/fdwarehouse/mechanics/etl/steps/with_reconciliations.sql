CREATE FUNCTION etl.with_reconciliations(p_models text[]) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER -- the loader has no right on the catalogue itself
{{- settings.pinned() }}
BEGIN ATOMIC
    SELECT coalesce(array_agg(m.model ORDER BY m.position), '{}')
    FROM etl.pipeline_steps AS m
    WHERE
        m.model = ANY(p_models)
        OR (
            m.interval_between IS NOT NULL
            AND m.table_name = ANY(p_models)
            AND EXISTS (SELECT FROM etl.unreconciled AS u WHERE u.model = m.table_name)
        );
END;
COMMENT ON FUNCTION etl.with_reconciliations IS
'Returns the given models, and the reconciliations of their tables that are marked as unreconciled, in topological order.';
