-- Watermarks that are rising numbers, see etl.extract_since_rising.
CREATE TABLE etl.largest_numbers (
    model text NOT NULL,
    observed_at timestamptz NOT NULL,
    number bigint,
    PRIMARY KEY (model, observed_at)
);
COMMENT ON TABLE etl.largest_numbers IS
'The largest rising number of a table of a source, of the last day and before each fence. Grain: one observation of one table.';
COMMENT ON COLUMN etl.largest_numbers.model IS 'The table in bronze.';
COMMENT ON COLUMN etl.largest_numbers.observed_at IS 'Clock of the source, not before the number was seen.';
COMMENT ON COLUMN etl.largest_numbers.number IS 'The number; null if the table was empty.';
COMMENT ON COLUMN etl.source_columns.is_watermark IS
'Whether it is a watermark that is never null, and so must stay NOT NULL in the source.';
