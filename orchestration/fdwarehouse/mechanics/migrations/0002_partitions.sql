-- Tables whose partitions are made as time goes on.

CREATE TABLE etl.range_partitions (
    table_name text PRIMARY KEY,
    every text NOT NULL CONSTRAINT range_partitions_every_known CHECK (every IN ('year', 'month')),
    dates_table text NOT NULL,
    dates_column text NOT NULL
);
COMMENT ON TABLE etl.range_partitions IS
'Grain: one table that is partitioned by a date. Written by deploy.';
COMMENT ON COLUMN etl.range_partitions.table_name IS 'Schema-qualified table.';
COMMENT ON COLUMN etl.range_partitions.every IS 'How much time a partition holds: year or month.';
COMMENT ON COLUMN etl.range_partitions.dates_table IS
'Table or view, with a _run_id, that has every date before the table gets it.';
COMMENT ON COLUMN etl.range_partitions.dates_column IS 'Its column with the dates.';
