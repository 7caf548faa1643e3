ALTER TABLE etl.watermarks ADD COLUMN changed_run_id bigint REFERENCES etl.runs (run_id);
COMMENT ON COLUMN etl.watermarks.changed_run_id IS
'The last run that changed the table, or a later one. Null: unknown.';

ALTER TABLE etl.pipeline_steps ADD COLUMN is_derived boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN etl.pipeline_steps.is_derived IS
'Whether the table can change only when a table changes that it reads.';
