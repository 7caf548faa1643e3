-- Permissions to find many rows of a source gone, which else stops a reading of the whole table.
CREATE TABLE etl.allowed_deletions (
    model text NOT NULL,
    allowed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    allowed_by name NOT NULL DEFAULT session_user,
    used_by_run bigint REFERENCES etl.runs (run_id),
    PRIMARY KEY (model, allowed_at)
);
COMMENT ON TABLE etl.allowed_deletions IS
'Grain: one permission to find more rows of a table gone than max_deleted, see etl.allow_deletions.';
COMMENT ON COLUMN etl.allowed_deletions.model IS 'The table in bronze.';
COMMENT ON COLUMN etl.allowed_deletions.allowed_at IS 'Clock of the warehouse.';
COMMENT ON COLUMN etl.allowed_deletions.allowed_by IS 'Role that logged in.';
COMMENT ON COLUMN etl.allowed_deletions.used_by_run IS 'The run that needed it; null: it holds for the next.';
