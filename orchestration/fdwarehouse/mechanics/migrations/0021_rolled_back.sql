-- What was built correctly and rolled back because of something else has not failed itself.
ALTER TABLE etl.steps
DROP CONSTRAINT steps_status_known,
ADD CONSTRAINT steps_status_known
CHECK (status IN ('pending', 'succeeded', 'failed', 'rolled_back', 'skipped', 'abandoned'));

COMMENT ON COLUMN etl.steps.status IS
'As committed: pending until the transaction of the step ends, etl.progress shows what runs now; rolled_back: built, and rolled back with its transaction because a check or another table failed; skipped: not built, since something that it is made of, or a step before it in its transaction, has failed.';
COMMENT ON COLUMN etl.steps.error IS
'Why it failed; of a step that was rolled back or skipped, which check or table is the reason; of one that succeeded, a warning.';

ALTER TYPE etl.failure ADD ATTRIBUTE is_of_check boolean;
COMMENT ON TYPE etl.failure IS
'An error as it was caught: the model that it stopped (null: none alone), its SQLSTATE (null: there was no error) and words, and whether a check raised it, after the models had been built.';
