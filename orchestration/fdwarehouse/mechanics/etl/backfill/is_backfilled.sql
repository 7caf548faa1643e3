CREATE FUNCTION etl.is_backfilled() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER -- the loader has no privileges on the log
{{- settings.pinned() }}
BEGIN ATOMIC
    SELECT count(*) = 0
    FROM etl.pipeline_steps AS m
    WHERE
        m.loads_chunks
        AND NOT EXISTS (SELECT FROM etl.watermarks AS w WHERE w.model = m.model);
END;
COMMENT ON FUNCTION etl.is_backfilled IS
'Whether every table of bronze that can be loaded in chunks has been loaded.';
