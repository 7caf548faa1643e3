CREATE FUNCTION etl.open_run(p_run_id bigint DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER -- the loader has no right on the log itself
{{- settings.pinned() }}
AS $$
DECLARE
    v_open_id bigint;
BEGIN
    SELECT run_id INTO v_open_id FROM etl.runs WHERE status = 'running';
    IF v_open_id IS NULL OR v_open_id <> p_run_id THEN
        RAISE EXCEPTION '%', coalesce('run ' || p_run_id || ' is not open', 'no run is open')
            USING ERRCODE = 'DW004', HINT = 'SELECT * FROM etl.runs ORDER BY run_id DESC;';
    END IF;
    RETURN v_open_id;
END;
$$;
COMMENT ON FUNCTION etl.open_run IS
'Returns the open run. Argument: the run id that it must have (null: any). Errors: DW004 the run is not open.';
