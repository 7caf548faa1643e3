-- The tables in which a deploy records itself for the next deploy. They are not in a migration,
-- because the first migration needs them.
CREATE SCHEMA IF NOT EXISTS etl;
COMMENT ON SCHEMA etl IS 'The runner: runs, steps, watermarks, checks and procedures.';

CREATE TABLE IF NOT EXISTS etl.migrations (
    migration text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE etl.migrations IS 'Grain: one applied migration.';
COMMENT ON COLUMN etl.migrations.migration IS 'fdwarehouse or the project, and the name of the file.';
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
'Grain: one routine, view or foreign table that the last deploy created. The next deploy drops these objects; objects of other roles in the same schemas stay.';
COMMENT ON COLUMN etl.repeatable_objects.object_identity IS 'Kind and name, as in DROP.';
