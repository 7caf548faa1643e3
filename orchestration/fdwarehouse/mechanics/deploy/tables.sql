-- The tables in which a deploy records what it did, for the next one. They cannot come with a
-- migration: the first migration needs them.
CREATE SCHEMA IF NOT EXISTS etl;
COMMENT ON SCHEMA etl IS 'Runs, steps, watermarks, checks and the runner.';

CREATE TABLE IF NOT EXISTS etl.migrations (
    migration text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE etl.migrations IS 'Grain: one versioned SQL file that was applied. Never edited once merged.';
COMMENT ON COLUMN etl.migrations.migration IS 'Who brought it (fdwarehouse or the project) and the file''s name.';
COMMENT ON COLUMN etl.migrations.checksum IS 'SHA-256 of the file.';
COMMENT ON COLUMN etl.migrations.applied_at IS 'Clock of the warehouse.';

CREATE TABLE IF NOT EXISTS etl.deployed_objects (
    object_name text PRIMARY KEY,
    checksum text NOT NULL
);
COMMENT ON TABLE etl.deployed_objects IS 'Grain: one compiled file of the last deploy, in its order.';
COMMENT ON COLUMN etl.deployed_objects.object_name IS 'Name of the file below build/.';
COMMENT ON COLUMN etl.deployed_objects.checksum IS 'SHA-256 of its text.';

CREATE TABLE IF NOT EXISTS etl.repeatable_objects (
    object_identity text PRIMARY KEY
);
COMMENT ON TABLE etl.repeatable_objects IS
'Grain: one routine, view or foreign table that the last deploy made. The next drops these and makes its own; what others made in the same schemas stays.';
COMMENT ON COLUMN etl.repeatable_objects.object_identity IS 'Kind and name, as DROP takes them.';
