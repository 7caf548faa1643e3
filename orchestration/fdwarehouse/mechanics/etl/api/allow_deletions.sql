CREATE PROCEDURE etl.allow_deletions(p_table text)
LANGUAGE plpgsql SECURITY DEFINER -- the loader has no privileges on the log
{{- settings.pinned() }}
SET lock_timeout = {{ timeouts.lock | literal }}
AS $$
DECLARE
    v_model text;
BEGIN
    {{- lock.refuse_beside() }}
    SELECT model INTO v_model
    FROM etl.pipeline_steps
    WHERE layer = 'bronze'
        AND interval_between IS NULL
        AND etl.is_named(table_name, p_table);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no table % is in bronze', quote_nullable(p_table)
            USING ERRCODE = 'DW003',
                HINT = 'SELECT table_name FROM etl.pipeline_steps WHERE layer = ''bronze'';';
    END IF;
    INSERT INTO etl.allowed_deletions (model) VALUES (v_model);
END;
$$;
COMMENT ON PROCEDURE etl.allow_deletions IS
'Allows the next run to delete more rows of a table than max_deleted permits. The permission is valid once and expires after a day. Argument: a table of a source. Errors: DW003 unknown table.';
