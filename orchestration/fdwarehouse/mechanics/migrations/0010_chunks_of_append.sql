-- The function that appends to a table of bronze loads a chunk of a backfill too.
ALTER TABLE etl.models
ADD COLUMN loads_chunks boolean NOT NULL DEFAULT false,
DROP COLUMN chunk_writer;
COMMENT ON COLUMN etl.models.loads_chunks IS
'For a table in bronze that has a watermark: its writer can load a range of its keys.';
