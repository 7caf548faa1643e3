-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; see etl.pin_settings.
CREATE PROCEDURE etl.start_run(
    INOUT p_run_id bigint DEFAULT NULL,
    p_label text DEFAULT NULL,
    p_lease interval DEFAULT '1 hour'
)
LANGUAGE plpgsql
AS $$
BEGIN
    CALL etl.pin_settings();
    p_run_id := (etl.acquire_run(p_run_id, 'etl.start_run', p_lease, p_label, false)).run_id;
    COMMIT;
END;
$$;
COMMENT ON PROCEDURE etl.start_run IS
'Begins a run whose steps may be called from any session, until finish_run. Returns its id. Arguments: run id (to continue an open run), a label (a second call with the same label continues the same run), the lease: how long the run stays open between two steps. Errors: DW001 a run is in progress, DW004 the run is not open, DW006 a deploy is under way.';
