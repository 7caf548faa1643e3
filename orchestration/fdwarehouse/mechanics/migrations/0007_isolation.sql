-- A table that cannot be built fails alone; what is made of it is held back.
ALTER TABLE etl.steps
DROP CONSTRAINT steps_status_known,
ADD CONSTRAINT steps_status_known
CHECK (status IN ('pending', 'succeeded', 'failed', 'skipped', 'abandoned')),
ADD COLUMN failure etl.failure;

COMMENT ON COLUMN etl.steps.status IS
'As committed: pending until the transaction of the step ends, etl.progress shows what runs now; skipped: held back, since something that it is made of has failed.';
COMMENT ON COLUMN etl.steps.failure IS 'The failure of a step that failed alone, as it is raised when the run ends.';
COMMENT ON COLUMN etl.models.reads IS
'The tables of bronze, silver and gold that it is made of, directly or through views and functions.';
