ALTER TABLE etl.pipeline_steps ADD COLUMN retention interval;
COMMENT ON COLUMN etl.pipeline_steps.retention IS
'For a table in bronze: how long superseded versions are kept, see etl.prune_bronze; null: for ever.';
