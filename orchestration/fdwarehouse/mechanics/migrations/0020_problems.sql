-- What is wrong right now, see etl.problems, and what has been told of it.
ALTER TABLE etl.sources ADD COLUMN fresh_within interval;
COMMENT ON COLUMN etl.sources.fresh_within IS
'How old the data of the source may be in the last successful run, see etl.freshness; null: nothing is promised.';

-- The last failure and the last success of a kind of run, table or check are found without reading
-- the whole log.
CREATE INDEX runs_by_kind ON etl.runs (begun_by, status, run_id);
CREATE INDEX steps_that_failed ON etl.steps (model, run_id) WHERE status = 'failed';
CREATE INDEX check_results_by_check ON etl.check_results (check_name, run_id);
CREATE INDEX check_results_with_rows ON etl.check_results (check_name) WHERE offending_rows > 0;

CREATE TABLE etl.alert_channels (
    channel text PRIMARY KEY,
    told_at timestamptz
);
COMMENT ON TABLE etl.alert_channels IS
'Who is told of problems: the channels of warehouse.yaml, and fdwarehouse, the channel of LISTEN. Its row is locked while a channel is told. Grain: one channel.';
COMMENT ON COLUMN etl.alert_channels.channel IS 'Name of the channel.';
COMMENT ON COLUMN etl.alert_channels.told_at IS
'When it last accepted a message, clock of the warehouse; null: never.';

CREATE TABLE etl.alerted_problems (
    channel text NOT NULL REFERENCES etl.alert_channels (channel) ON DELETE CASCADE,
    problem text NOT NULL,
    kind text NOT NULL,
    severity text NOT NULL,
    subject text NOT NULL,
    since timestamptz NOT NULL,
    message text NOT NULL,
    told_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (channel, problem)
);
COMMENT ON TABLE etl.alerted_problems IS
'Problems that a channel was told of, and of whose end it was not. Grain: one problem and one channel.';
COMMENT ON COLUMN etl.alerted_problems.channel IS 'The channel.';
COMMENT ON COLUMN etl.alerted_problems.problem IS 'The problem, see etl.problems.';
COMMENT ON COLUMN etl.alerted_problems.kind IS 'Its kind.';
COMMENT ON COLUMN etl.alerted_problems.severity IS 'Its severity as it was told.';
COMMENT ON COLUMN etl.alerted_problems.subject IS 'What it concerns.';
COMMENT ON COLUMN etl.alerted_problems.since IS 'Since when.';
COMMENT ON COLUMN etl.alerted_problems.message IS 'The message as it was told.';
COMMENT ON COLUMN etl.alerted_problems.told_at IS 'Clock of the warehouse.';
