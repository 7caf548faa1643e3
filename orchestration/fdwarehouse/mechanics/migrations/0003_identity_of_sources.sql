-- Which server a fence was read from and what both clocks said, so that a clock that was put back,
-- another server, or a table that was rewritten is noticed.
ALTER TABLE etl.fences
ADD COLUMN asked_at timestamptz,
ADD COLUMN answered_at timestamptz,
ADD COLUMN system_identifier bigint,
ADD COLUMN timeline integer,
ADD COLUMN running_since timestamptz,
ADD COLUMN is_in_recovery boolean;
COMMENT ON COLUMN etl.fences.asked_at IS
'Clock of the warehouse before the source was asked for its clock, observed_at.';
COMMENT ON COLUMN etl.fences.answered_at IS 'Clock of the warehouse after the answer.';
COMMENT ON COLUMN etl.fences.system_identifier IS
'Of the source''s cluster; a copy of its files keeps it. This and the next three are null where production has no view fdwarehouse.fence.';
COMMENT ON COLUMN etl.fences.timeline IS 'Of the source''s write-ahead log: a promoted standby begins another.';
COMMENT ON COLUMN etl.fences.running_since IS
'When the source was started, or came back after a crash, which loses what was committed asynchronously. Clock of the source.';
COMMENT ON COLUMN etl.fences.is_in_recovery IS 'Whether the source is a standby.';

CREATE TABLE etl.storage (
    model text PRIMARY KEY,
    relations text NOT NULL,
    observed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    extracted_relations text
);
COMMENT ON TABLE etl.storage IS
'Which files the tables of the sources have, to notice TRUNCATE and other rewrites, which a snapshot does not see as they are. Grain: one table in bronze.';
COMMENT ON COLUMN etl.storage.model IS 'The table in bronze, see etl.models.';
COMMENT ON COLUMN etl.storage.relations IS
'The relations that a read touches, each as oid:filenode, as observed before the snapshot that is read; for a view also a hash of its definition.';
COMMENT ON COLUMN etl.storage.observed_at IS 'Clock of the warehouse.';
COMMENT ON COLUMN etl.storage.extracted_relations IS
'The same as of the last extraction; null before the first.';

CREATE TABLE etl.unreconciled (
    model text PRIMARY KEY,
    run_id bigint NOT NULL REFERENCES etl.runs (run_id),
    reason text NOT NULL,
    noticed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE etl.unreconciled IS
'Tables that may lack changes which no watermark shows. Each is reconciled by the next run that reads it, and leaves this table when a reconciliation, or a full read, that began later is committed. Grain: one table in bronze.';
COMMENT ON COLUMN etl.unreconciled.model IS 'The table in bronze, see etl.models.';
COMMENT ON COLUMN etl.unreconciled.run_id IS 'The run that noticed it.';
COMMENT ON COLUMN etl.unreconciled.reason IS 'What was noticed.';
COMMENT ON COLUMN etl.unreconciled.noticed_at IS 'Clock of the warehouse.';
