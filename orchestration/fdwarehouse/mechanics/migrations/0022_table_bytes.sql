-- How tables grow, without looking at their files again.
ALTER TABLE etl.steps ADD COLUMN table_bytes bigint;
COMMENT ON COLUMN etl.steps.table_bytes IS
'Size of the table with its indexes after the step, where it changed the table; unit: bytes. Null: unchanged, or not known.';
