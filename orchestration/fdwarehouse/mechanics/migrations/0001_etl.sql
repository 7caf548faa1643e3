-- The log and the memory of the warehouse: what ran, what it read, how far each table has come.

CREATE SCHEMA bronze;
CREATE SCHEMA silver;
CREATE SCHEMA gold;

COMMENT ON SCHEMA bronze IS 'Append-only log of the row versions seen in the sources.';
COMMENT ON SCHEMA silver IS 'Latest accepted version of each source row, typed and conformed.';
COMMENT ON SCHEMA gold IS 'Star schema and business metrics, published atomically.';

CREATE TYPE etl.row_counts AS (
    rows_read bigint,
    rows_inserted bigint,
    rows_updated bigint,
    rows_deleted bigint,
    rows_rejected bigint
);
COMMENT ON TYPE etl.row_counts IS 'What one step read and wrote. Unit: rows.';

CREATE TYPE etl.failure AS (
    model text,
    error_code text,
    message text,
    detail text,
    hint text,
    context text
);
COMMENT ON TYPE etl.failure IS
'An error as it was caught: the model that it stopped (null: none alone), its SQLSTATE (null: there was no error) and words.';

CREATE TABLE etl.runs (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    begun_by text NOT NULL,
    label text,
    status text NOT NULL DEFAULT 'running'
    CONSTRAINT runs_status_known CHECK (status IN ('running', 'succeeded', 'failed', 'abandoned')),
    error text,
    begun_by_role name NOT NULL DEFAULT session_user,
    backend_pid integer NOT NULL DEFAULT pg_backend_pid(),
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    lease interval,
    lease_until timestamptz,
    CONSTRAINT runs_end_has_time CHECK ((status = 'running') = (finished_at IS NULL))
);
CREATE UNIQUE INDEX runs_one_at_a_time ON etl.runs ((status)) WHERE status = 'running';

COMMENT ON TABLE etl.runs IS 'Grain: one run. At most one is running, which a unique index promises.';
COMMENT ON COLUMN etl.runs.run_id IS 'Rises with time; stamps every row that the run writes.';
COMMENT ON COLUMN etl.runs.begun_by IS 'The procedure that began the run, and so ends it.';
COMMENT ON COLUMN etl.runs.label IS 'The caller''s own name for the run; start_run with the label of the open run joins it.';
COMMENT ON COLUMN etl.runs.status IS 'running, succeeded, failed, or abandoned: nobody held it any more.';
COMMENT ON COLUMN etl.runs.error IS 'The first error of the run.';
COMMENT ON COLUMN etl.runs.begun_by_role IS 'Role that logged in.';
COMMENT ON COLUMN etl.runs.backend_pid IS 'Server process that began the run.';
COMMENT ON COLUMN etl.runs.started_at IS 'Clock of the warehouse.';
COMMENT ON COLUMN etl.runs.finished_at IS 'Clock of the warehouse; null while running.';
COMMENT ON COLUMN etl.runs.lease IS
'How long a run that spans sessions may rest between two steps; null for a run of one session, which holds it by a lock.';
COMMENT ON COLUMN etl.runs.lease_until IS 'Until when the lease holds; every step renews it.';

CREATE TABLE etl.sources (
    source_name text PRIMARY KEY,
    source_system text NOT NULL,
    fence text NOT NULL
    CONSTRAINT sources_fence_known CHECK (fence IN ('activity', 'xid', 'lookback')),
    lookback interval NOT NULL,
    overlap interval NOT NULL,
    warn_after interval NOT NULL,
    time_zone text,
    contract_time_zone text NOT NULL
);
COMMENT ON TABLE etl.sources IS 'Grain: one source of warehouse.yaml. Written by deploy.';
COMMENT ON COLUMN etl.sources.source_name IS 'Name of the foreign server and of the schema that mounts it.';
COMMENT ON COLUMN etl.sources.source_system IS 'The system, as rows in bronze name it.';
COMMENT ON COLUMN etl.sources.fence IS 'The kind of fence that is wanted.';
COMMENT ON COLUMN etl.sources.lookback IS 'How far a fence of kind lookback stays behind the clock.';
COMMENT ON COLUMN etl.sources.overlap IS 'How far behind the fence an extraction begins to read.';
COMMENT ON COLUMN etl.sources.warn_after IS 'For how long the fence may be held back before status warns.';
COMMENT ON COLUMN etl.sources.time_zone IS 'Overrides the time zone that the source says it has.';
COMMENT ON COLUMN etl.sources.contract_time_zone IS 'The time zone that it had when last looked at.';

CREATE TABLE etl.source_columns (
    source_name text NOT NULL,
    table_name text NOT NULL,
    column_name text NOT NULL,
    type text NOT NULL,
    source_type text,
    key_position integer,
    is_watermark boolean NOT NULL,
    PRIMARY KEY (source_name, table_name, column_name)
);
COMMENT ON TABLE etl.source_columns IS
'What the contracts say, to compare the sources with. Grain: one column of a table of a source. Written by deploy.';
COMMENT ON COLUMN etl.source_columns.source_name IS 'The source.';
COMMENT ON COLUMN etl.source_columns.table_name IS 'The table, as the source names it.';
COMMENT ON COLUMN etl.source_columns.column_name IS 'The column.';
COMMENT ON COLUMN etl.source_columns.type IS 'Type in the warehouse.';
COMMENT ON COLUMN etl.source_columns.source_type IS 'Type in the source, where the warehouse does not know it.';
COMMENT ON COLUMN etl.source_columns.key_position IS
'Place in the primary key, from 1; null where warehouse.yaml names another key.';
COMMENT ON COLUMN etl.source_columns.is_watermark IS 'Whether it shows when a row was changed, and so must not be null.';

CREATE TABLE etl.drift (
    source_name text NOT NULL,
    subject text NOT NULL,
    difference text NOT NULL,
    _run_id bigint NOT NULL,
    PRIMARY KEY (source_name, subject)
);
COMMENT ON TABLE etl.drift IS
'In what a source is not what its contract says, and yet can be read. Grain: one table, column or setting, as of the last run.';
COMMENT ON COLUMN etl.drift.source_name IS 'The source.';
COMMENT ON COLUMN etl.drift.subject IS 'Table, table.column, or the name of a setting.';
COMMENT ON COLUMN etl.drift.difference IS 'What is different.';
COMMENT ON COLUMN etl.drift._run_id IS 'Run that noticed it first.';

CREATE TABLE etl.models (
    model text PRIMARY KEY,
    layer text NOT NULL
    CONSTRAINT models_layer_known CHECK (layer IN ('source', 'bronze', 'silver', 'gold')),
    table_name text NOT NULL,
    source_name text,
    writer text NOT NULL,
    chunk_writer text,
    interval_between interval,
    checksum text NOT NULL,
    position integer NOT NULL,
    reads text[] NOT NULL
);
COMMENT ON TABLE etl.models IS
'Grain: one table that a step builds (or the fence of one source). Written by deploy.';
COMMENT ON COLUMN etl.models.model IS 'Name of the step: the table, or what is done to it besides.';
COMMENT ON COLUMN etl.models.table_name IS 'Schema-qualified table that it writes.';
COMMENT ON COLUMN etl.models.interval_between IS
'For a reconciliation: how much time may pass until the next; null for what is built in every run.';
COMMENT ON COLUMN etl.models.layer IS 'source, bronze, silver or gold, built in this order.';
COMMENT ON COLUMN etl.models.source_name IS 'For source and bronze: the source it is read from.';
COMMENT ON COLUMN etl.models.writer IS 'Function that brings the table up to date.';
COMMENT ON COLUMN etl.models.chunk_writer IS
'For a table in bronze that has a watermark: function that loads a range of its keys.';
COMMENT ON COLUMN etl.models.checksum IS
'Of all that decides its content; when a deploy changes it, the next run computes the table anew.';
COMMENT ON COLUMN etl.models.position IS 'Order of building: a table comes after the tables it reads.';
COMMENT ON COLUMN etl.models.reads IS
'For silver and gold: the models of its layer that it is made of, directly or through views and functions.';

CREATE TABLE etl.steps (
    run_id bigint NOT NULL REFERENCES etl.runs (run_id),
    model text NOT NULL,
    layer text NOT NULL,
    position integer NOT NULL,
    status text NOT NULL DEFAULT 'pending'
    CONSTRAINT steps_status_known
    CHECK (status IN ('pending', 'succeeded', 'failed', 'abandoned')),
    is_full boolean NOT NULL DEFAULT false,
    after_run_id bigint,
    rows_read bigint,
    rows_inserted bigint,
    rows_updated bigint,
    rows_deleted bigint,
    rows_rejected bigint,
    error text,
    error_code text,
    started_at timestamptz,
    finished_at timestamptz,
    duration interval GENERATED ALWAYS AS (finished_at - started_at) VIRTUAL,
    PRIMARY KEY (run_id, model)
);
COMMENT ON TABLE etl.steps IS 'Grain: one model in one run.';
COMMENT ON COLUMN etl.steps.run_id IS 'The run.';
COMMENT ON COLUMN etl.steps.model IS 'What the step builds, see etl.models.';
COMMENT ON COLUMN etl.steps.layer IS 'Layer of the model.';
COMMENT ON COLUMN etl.steps.position IS 'Order of the step in its run.';
COMMENT ON COLUMN etl.steps.status IS
'As committed: pending until the transaction of the step ends. etl.progress shows what runs now.';
COMMENT ON COLUMN etl.steps.is_full IS 'Whether everything was computed, not only what changed.';
COMMENT ON COLUMN etl.steps.after_run_id IS 'Changes of later runs than this one were read; 0 means all.';
COMMENT ON COLUMN etl.steps.rows_read IS 'Rows read from the layer before.';
COMMENT ON COLUMN etl.steps.rows_inserted IS 'Rows that were new.';
COMMENT ON COLUMN etl.steps.rows_updated IS 'Rows that differed.';
COMMENT ON COLUMN etl.steps.rows_deleted IS 'Rows removed, or marked as deleted.';
COMMENT ON COLUMN etl.steps.rows_rejected IS 'Rows set aside, see silver.rejected_rows.';
COMMENT ON COLUMN etl.steps.error IS 'Message, detail and context of the failure.';
COMMENT ON COLUMN etl.steps.error_code IS 'SQLSTATE of the failure.';
COMMENT ON COLUMN etl.steps.started_at IS 'Clock of the warehouse.';
COMMENT ON COLUMN etl.steps.finished_at IS 'Clock of the warehouse.';
COMMENT ON COLUMN etl.steps.duration IS 'Time between start and end.';

CREATE TABLE etl.fences (
    run_id bigint NOT NULL REFERENCES etl.runs (run_id),
    source_name text NOT NULL,
    fence timestamptz NOT NULL,
    snapshot_xmin bigint,
    kind text NOT NULL CONSTRAINT fences_kind_known CHECK (kind IN ('activity', 'xid', 'lookback')),
    observed_at timestamptz NOT NULL,
    utc_offset interval NOT NULL,
    held_by text,
    held_since timestamptz,
    PRIMARY KEY (run_id, source_name)
);
COMMENT ON TABLE etl.fences IS
'Grain: one source in one run. All writing transactions that began before the fence had ended when it was read.';
COMMENT ON COLUMN etl.fences.run_id IS 'The run.';
COMMENT ON COLUMN etl.fences.source_name IS 'The source, see warehouse.yaml.';
COMMENT ON COLUMN etl.fences.fence IS 'The next extraction reads from here.';
COMMENT ON COLUMN etl.fences.snapshot_xmin IS
'For a fence of kind xid: the next extraction reads what this and later transactions wrote.';
COMMENT ON COLUMN etl.fences.kind IS
'activity: the oldest open transaction of the source; xid: the same by transaction id, which needs no clock; lookback: a margin of time, a promise only as good as the margin.';
COMMENT ON COLUMN etl.fences.observed_at IS 'Clock of the source when the fence was read.';
COMMENT ON COLUMN etl.fences.utc_offset IS 'Offset from UTC of the source''s own time zone; the smallest since the fence.';
COMMENT ON COLUMN etl.fences.held_by IS 'What holds the fence back, or why it is only a lookback.';
COMMENT ON COLUMN etl.fences.held_since IS 'Since when it is held back, clock of the source.';

CREATE TABLE etl.watermarks (
    model text PRIMARY KEY,
    run_id bigint NOT NULL REFERENCES etl.runs (run_id),
    fence timestamptz,
    snapshot_xmin bigint,
    utc_offset interval,
    advanced_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE etl.watermarks IS 'Grain: one model. How far it has come.';
COMMENT ON COLUMN etl.watermarks.model IS 'The model, see etl.models.';
COMMENT ON COLUMN etl.watermarks.run_id IS 'It holds everything that runs up to this one brought.';
COMMENT ON COLUMN etl.watermarks.fence IS 'For bronze: the fence that held when the table was last read.';
COMMENT ON COLUMN etl.watermarks.snapshot_xmin IS 'For bronze: that of the fence.';
COMMENT ON COLUMN etl.watermarks.utc_offset IS 'For bronze: the source''s offset from UTC at that fence.';
COMMENT ON COLUMN etl.watermarks.advanced_at IS 'Clock of the warehouse.';

CREATE TABLE etl.bucket_hashes (
    model text NOT NULL,
    chunk integer NOT NULL,
    bucket bigint NOT NULL,
    row_count bigint NOT NULL,
    hash bigint NOT NULL,
    PRIMARY KEY (model, chunk, bucket)
);
COMMENT ON TABLE etl.bucket_hashes IS
'What the latest live versions in bronze hash to, kept up to date by every append: the parts of a bucket add up. Grain: one part of one of 4096 buckets of the keys of one table.';
COMMENT ON COLUMN etl.bucket_hashes.model IS 'The table in bronze.';
COMMENT ON COLUMN etl.bucket_hashes.chunk IS 'The chunk of a backfill that is under way; 0 for all else.';
COMMENT ON COLUMN etl.bucket_hashes.bucket IS 'Hash of the key, 0 to 4095.';
COMMENT ON COLUMN etl.bucket_hashes.row_count IS 'Live rows in the bucket.';
COMMENT ON COLUMN etl.bucket_hashes.hash IS 'The hashes of these rows, XORed.';

CREATE TABLE etl.chunks (
    model text NOT NULL,
    chunk integer NOT NULL CONSTRAINT chunks_numbered_from_one CHECK (chunk > 0),
    from_key text,
    before_key text,
    estimated_rows bigint NOT NULL,
    fence_run_id bigint NOT NULL REFERENCES etl.runs (run_id),
    run_id bigint REFERENCES etl.runs (run_id),
    rows_read bigint,
    started_at timestamptz,
    finished_at timestamptz,
    PRIMARY KEY (model, chunk),
    CONSTRAINT chunks_loaded_by_a_run CHECK ((run_id IS NULL) = (finished_at IS NULL))
);
COMMENT ON TABLE etl.chunks IS
'The first load of a table in bronze, in pieces, see etl.backfill. Grain: one range of keys of one table.';
COMMENT ON COLUMN etl.chunks.model IS 'The table in bronze, see etl.models.';
COMMENT ON COLUMN etl.chunks.chunk IS 'Number of the range in its table, from 1, by key.';
COMMENT ON COLUMN etl.chunks.from_key IS
'The first column of the key in the range is not below this value; null in the first chunk.';
COMMENT ON COLUMN etl.chunks.before_key IS 'It is below this value; null in the last chunk.';
COMMENT ON COLUMN etl.chunks.estimated_rows IS 'What the statistics of the source let expect.';
COMMENT ON COLUMN etl.chunks.fence_run_id IS
'The run whose fence was read before the first chunk of the table.';
COMMENT ON COLUMN etl.chunks.run_id IS 'The run that has loaded it; null when none has.';
COMMENT ON COLUMN etl.chunks.rows_read IS 'Rows that the source sent.';
COMMENT ON COLUMN etl.chunks.started_at IS 'Clock of the warehouse.';
COMMENT ON COLUMN etl.chunks.finished_at IS 'Clock of the warehouse.';

CREATE TABLE etl.owed_definitions (
    table_name text NOT NULL,
    make_command text NOT NULL,
    PRIMARY KEY (table_name, make_command)
);
COMMENT ON TABLE etl.owed_definitions IS
'Grain: one index or constraint that a first load has put off and makes when it is through.';
COMMENT ON COLUMN etl.owed_definitions.table_name IS 'Schema-qualified table.';
COMMENT ON COLUMN etl.owed_definitions.make_command IS 'The SQL that makes it.';

CREATE TABLE etl.checks (
    check_name text PRIMARY KEY,
    layer text NOT NULL,
    severity text NOT NULL CONSTRAINT checks_severity_known CHECK (severity IN ('error', 'warn')),
    scope text NOT NULL CONSTRAINT checks_scope_known CHECK (scope IN ('run', 'full')),
    description text NOT NULL,
    reads text[] NOT NULL
);
COMMENT ON TABLE etl.checks IS 'Grain: one check, a function etl.check_<name>. Written by deploy.';
COMMENT ON COLUMN etl.checks.check_name IS 'Name of the file in sql/checks.';
COMMENT ON COLUMN etl.checks.layer IS 'Layer that the check looks at.';
COMMENT ON COLUMN etl.checks.severity IS 'error keeps gold from being published; warn is only shown.';
COMMENT ON COLUMN etl.checks.scope IS
'run: in every run, over what changed; full: only on demand, over everything.';
COMMENT ON COLUMN etl.checks.description IS 'What the check promises.';
COMMENT ON COLUMN etl.checks.reads IS
'The models that the check looks at, directly or through views and functions.';

CREATE TABLE etl.check_results (
    run_id bigint NOT NULL REFERENCES etl.runs (run_id),
    check_name text NOT NULL,
    layer text NOT NULL,
    severity text NOT NULL,
    after_run_id bigint NOT NULL,
    offending_rows bigint NOT NULL,
    sample_rows jsonb NOT NULL,
    checked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    duration interval NOT NULL,
    passed boolean GENERATED ALWAYS AS (offending_rows = 0) VIRTUAL,
    PRIMARY KEY (run_id, check_name)
);
COMMENT ON TABLE etl.check_results IS 'Grain: one check in one run; the last result where it ran twice.';
COMMENT ON COLUMN etl.check_results.run_id IS 'The run.';
COMMENT ON COLUMN etl.check_results.check_name IS 'The check, see etl.checks.';
COMMENT ON COLUMN etl.check_results.layer IS 'Its layer at the time.';
COMMENT ON COLUMN etl.check_results.severity IS 'Its severity at the time.';
COMMENT ON COLUMN etl.check_results.after_run_id IS 'It looked at what later runs changed; 0 means at everything.';
COMMENT ON COLUMN etl.check_results.offending_rows IS 'How many rows break the promise.';
COMMENT ON COLUMN etl.check_results.sample_rows IS 'The first few of them.';
COMMENT ON COLUMN etl.check_results.checked_at IS 'Clock of the warehouse.';
COMMENT ON COLUMN etl.check_results.duration IS 'How long the check took.';
COMMENT ON COLUMN etl.check_results.passed IS 'No row offends.';

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

CREATE TABLE silver.rejected_rows (
    model text NOT NULL,
    key jsonb NOT NULL,
    reasons text[] NOT NULL,
    rejected_row jsonb NOT NULL,
    _run_id bigint NOT NULL,
    PRIMARY KEY (model, key)
);
COMMENT ON TABLE silver.rejected_rows IS
'Grain: one source row whose latest version breaks a rule. Silver keeps its last good version; a later good one clears it from here.';
COMMENT ON COLUMN silver.rejected_rows.model IS 'Table that the row was meant for: one of silver, or of bronze when its key is null.';
COMMENT ON COLUMN silver.rejected_rows.key IS 'Key of the row; where a part of it is null, a hash of the whole row too.';
COMMENT ON COLUMN silver.rejected_rows.reasons IS 'Every rule that it breaks.';
COMMENT ON COLUMN silver.rejected_rows.rejected_row IS 'The row, cleaned, as it was rejected.';
COMMENT ON COLUMN silver.rejected_rows._run_id IS 'Run that brought this version.';
