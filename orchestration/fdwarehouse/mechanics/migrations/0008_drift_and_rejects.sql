-- A table that is not what its contract says fails alone, as any other that cannot be built does.
ALTER TABLE etl.drift ADD COLUMN breaks text;

COMMENT ON TABLE etl.drift IS
'In what a source is not what its contract says. Grain: one table, column or setting, as of the last run.';
COMMENT ON COLUMN etl.drift.breaks IS
'The table in bronze that is not loaded because of it; null: it can be read all the same.';

-- Where silver computes the key, several rows of the source can have it.
COMMENT ON COLUMN silver.rejected_rows.key IS
'Key of the row; where a part of it is null, a hash of the whole row too; where silver computes it, the key in the source too.';

-- A key may be longer than an index entry.
ALTER TABLE silver.rejected_rows DROP CONSTRAINT rejected_rows_pkey;
CREATE UNIQUE INDEX rejected_rows_key ON silver.rejected_rows (model, md5(key::text));

COMMENT ON COLUMN etl.fences.system_identifier IS
'Of the source''s cluster, combined with the oid of its database; a copy of the files keeps it. This and the next three are null where production has no view fdwarehouse.fence.';
COMMENT ON COLUMN etl.storage.relations IS
'The relations that a read touches, each as oid:filenode:columns, as observed before the snapshot that is read; for a view also a hash of its definition.';

-- A table that cannot be loaded does not keep a backfill from the others.
ALTER TABLE etl.chunks
ADD COLUMN failed_run_id bigint REFERENCES etl.runs (run_id),
ADD COLUMN failure etl.failure;
COMMENT ON COLUMN etl.chunks.failed_run_id IS
'The backfill that could not load the chunk last; it leaves the table''s other chunks to the next.';
COMMENT ON COLUMN etl.chunks.failure IS 'Why.';
