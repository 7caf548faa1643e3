CREATE FUNCTION etl.give_up_run(p_run_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER -- the loader has no right on the log itself
{{- settings.pinned() }}
AS $$
DECLARE
    v_run_id bigint := etl.open_run(p_run_id);
    v_owner integer := etl.run_owner(v_run_id);
BEGIN
    IF v_owner <> pg_backend_pid() THEN
        RAISE EXCEPTION 'process % still works on run %', v_owner, v_run_id
            USING ERRCODE = 'DW001',
                HINT = format('Wait for it, or SELECT pg_terminate_backend(%s) first.', v_owner);
    END IF;
    PERFORM etl.end_run(v_run_id, 'abandoned', 'abandoned by etl.abandon_run');
END;
$$;
COMMENT ON FUNCTION etl.give_up_run IS 'See the procedure etl.abandon_run.';
