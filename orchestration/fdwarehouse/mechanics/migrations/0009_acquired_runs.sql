-- Who ends a run is known by who acquired it.
CREATE TYPE etl.acquired_run AS (
    run_id bigint,
    is_new boolean
);
COMMENT ON TYPE etl.acquired_run IS
'A run as a procedure acquired it: whether that procedure began it, and so ends it.';
COMMENT ON COLUMN etl.runs.begun_by IS 'The procedure that began the run.';
