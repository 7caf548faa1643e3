CREATE TABLE etl.unstamped_rows (
    model text PRIMARY KEY,
    row_count bigint NOT NULL,
    hash numeric NOT NULL
);
COMMENT ON TABLE etl.unstamped_rows IS
'The rows of a source that have no watermark, as they were read last: a run reads them only when their hash has changed. Grain: one table in bronze whose rows the source can hash.';
COMMENT ON COLUMN etl.unstamped_rows.model IS 'The table in bronze.';
COMMENT ON COLUMN etl.unstamped_rows.row_count IS
'Rows without a watermark; all rows of a table that has no watermark.';
COMMENT ON COLUMN etl.unstamped_rows.hash IS
'The hashes of these rows, added. A sum, unlike XOR, also counts rows that are identical.';
