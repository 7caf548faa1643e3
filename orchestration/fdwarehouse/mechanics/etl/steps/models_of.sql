CREATE FUNCTION etl.models_of(p_layers text[]) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER -- the loader has no right on the catalogue itself
{{- settings.pinned() }}
BEGIN ATOMIC
    SELECT coalesce(array_agg(m.model ORDER BY m.position), '{}')
    FROM etl.pipeline_steps AS m
    LEFT JOIN etl.watermarks AS w ON m.model = w.model
    LEFT JOIN etl.unreconciled AS u ON m.table_name = u.model
    WHERE
        m.layer = ANY(p_layers)
        AND (
            m.interval_between IS NULL
            -- a first load needs no reconciliation and sets its watermark
            OR w.advanced_at < now() - m.interval_between
            OR u.model IS NOT NULL
        );
END;
COMMENT ON FUNCTION etl.models_of IS
'Returns the models of some layers that are due, in topological order. A reconciliation is due when its interval has passed, or when its table is marked as unreconciled.';
