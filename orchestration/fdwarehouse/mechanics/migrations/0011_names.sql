-- Names that say what they hold.
ALTER TABLE etl.models RENAME TO pipeline_steps;
ALTER TABLE etl.owed_definitions RENAME TO deferred_indexes;
ALTER TABLE etl.steps RENAME COLUMN after_run_id TO since_run_id;
ALTER TABLE etl.check_results RENAME COLUMN after_run_id TO since_run_id;

COMMENT ON TABLE etl.pipeline_steps IS
'What a run consists of, in the order of building. Grain: one step: the fence of a source, a table, or the reconciliation of a table.';
COMMENT ON TABLE etl.deferred_indexes IS
'Indexes and constraints that are created after a full load. Grain: one of them.';
COMMENT ON COLUMN etl.steps.model IS 'What the step builds, see etl.pipeline_steps.';
COMMENT ON COLUMN etl.watermarks.model IS 'What was built, see etl.pipeline_steps.';
COMMENT ON COLUMN etl.chunks.model IS 'The table in bronze, see etl.pipeline_steps.';
COMMENT ON COLUMN etl.steps.since_run_id IS
'The step read the changes of later runs than this; 0: everything.';
COMMENT ON COLUMN etl.check_results.since_run_id IS
'The check looked at what later runs than this changed; 0: everything.';
