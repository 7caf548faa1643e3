-- A table that is not what its contract says fails alone, as any other that cannot be built does.
ALTER TABLE etl.drift ADD COLUMN breaks text;

COMMENT ON TABLE etl.drift IS
'In what a source is not what its contract says. Grain: one table, column or setting, as of the last run.';
COMMENT ON COLUMN etl.drift.breaks IS
'The table in bronze that is not loaded because of it; null: it can be read all the same.';

-- Where silver computes the key, several rows of the source can have it.
COMMENT ON COLUMN silver.rejected_rows.key IS
'Key of the row; where a part of it is null, a hash of the whole row too; where silver computes it, the key in the source too.';
