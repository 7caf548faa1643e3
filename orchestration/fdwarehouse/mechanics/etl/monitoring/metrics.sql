-- noqa: disable=LT02,LT05
-- No function of the warehouse is called and no table of bronze, silver or gold is read or locked:
-- who may read only this view sees numbers, names and times, but never rows.
CREATE VIEW etl.metrics AS
WITH families (name, type, help) AS (
    VALUES
    ('fdwarehouse_run_in_progress', 'gauge', 'Whether a run is open: 1 or 0.'),
    ('fdwarehouse_runs_total', 'counter', 'Runs that have ended.'),
    ('fdwarehouse_last_run_timestamp_seconds', 'gauge', 'When the last run of a kind ended.'),
    ('fdwarehouse_last_run_duration_seconds', 'gauge', 'How long the last run of a kind took.'),
    ('fdwarehouse_last_run_succeeded', 'gauge', 'Whether the last run of a kind succeeded: 1 or 0.'),
    ('fdwarehouse_last_success_timestamp_seconds', 'gauge', 'When a run of a kind succeeded last.'),
    ('fdwarehouse_source_data_timestamp_seconds', 'gauge', 'The moment as of which all tables show a source.'),
    ('fdwarehouse_source_fresh_within_seconds', 'gauge', 'How old the data of a source may be.'),
    ('fdwarehouse_source_fence_held_seconds', 'gauge', 'How long the last fence of a source was held back.'),
    ('fdwarehouse_table_rows', 'gauge', 'Rows of a table, as of its last statistics.'),
    ('fdwarehouse_table_size_bytes', 'gauge', 'Size of a table with its indexes, as of their last statistics.'),
    ('fdwarehouse_table_built_timestamp_seconds', 'gauge', 'When a table was last brought up to date.'),
    ('fdwarehouse_table_rejected_rows', 'gauge', 'Rows that are kept out of a table.'),
    ('fdwarehouse_step_duration_seconds', 'gauge', 'How long a step of the last pipeline took.'),
    ('fdwarehouse_step_changes_rows', 'gauge', 'Rows that a step of the last pipeline read or changed.'),
    ('fdwarehouse_check_offending_rows', 'gauge', 'Rows that break a check, as it found them last.'),
    ('fdwarehouse_check_duration_seconds', 'gauge', 'How long a check took last.'),
    ('fdwarehouse_check_timestamp_seconds', 'gauge', 'When a check ran last.'),
    ('fdwarehouse_problems', 'gauge', 'Problems of a kind, see etl.problems.'),
    ('fdwarehouse_problem_since_timestamp_seconds', 'gauge', 'Since when a problem exists.'),
    ('fdwarehouse_alert_channel_timestamp_seconds', 'gauge', 'When a channel last accepted a message.')
),

last_runs AS (
    SELECT
        k.run_kind,
        r.status,
        r.finished_at,
        r.finished_at - r.started_at AS duration,
        s.finished_at AS succeeded_at
    FROM etl.kinds_of_runs AS k
    INNER JOIN etl.runs AS r ON r.run_id = greatest(k.succeeded_run_id, k.failed_run_id)
    LEFT JOIN etl.runs AS s ON k.succeeded_run_id = s.run_id
),

last_pipeline_steps AS (
    SELECT
        jsonb_build_object('layer', s.layer, 'step', s.model) AS labels,
        s.rows_read,
        s.rows_inserted,
        s.rows_updated,
        s.rows_deleted,
        s.rows_rejected,
        extract(EPOCH FROM s.finished_at - s.started_at) AS seconds
    FROM etl.kinds_of_runs AS k
    INNER JOIN etl.steps AS s ON s.run_id = greatest(k.succeeded_run_id, k.failed_run_id)
    WHERE k.run_kind = 'pipeline' AND s.status = 'succeeded'
),

relations AS ( -- of a partitioned table, its partitions
    SELECT
        coalesce(i.inhparent, c.oid) AS table_id,
        greatest(c.reltuples, 0) AS row_count,
        c.relpages::bigint + coalesce(
            (
                SELECT sum(x.relpages) FROM pg_index AS n
                INNER JOIN pg_class AS x ON n.indexrelid = x.oid
                WHERE n.indrelid = c.oid
            ),
            0
        ) AS pages
    FROM pg_class AS c
    LEFT JOIN pg_inherits AS i ON c.oid = i.inhrelid AND c.relispartition
    WHERE c.relkind = 'r'
        AND c.relnamespace IN (
            to_regnamespace('bronze'), to_regnamespace('silver'), to_regnamespace('gold')
        )
),

tables AS (
    SELECT
        jsonb_build_object('layer', m.layer, 'table', m.table_name) AS labels,
        sum(r.row_count) AS row_count,
        sum(r.pages) * current_setting('block_size')::integer AS bytes
    FROM relations AS r
    INNER JOIN pg_class AS c ON r.table_id = c.oid
    INNER JOIN pg_namespace AS s ON c.relnamespace = s.oid
    INNER JOIN etl.pipeline_steps AS m
        ON m.table_name = format('%I.%I', s.nspname, c.relname) AND m.model = m.table_name
    GROUP BY m.layer, m.table_name
),

kinds_of_problems (kind, severity) AS (
    VALUES
    ('run_failed', 'error'),
    ('run_failed', 'warn'),
    ('run_lost', 'error'),
    ('run_lost', 'warn'),
    ('step_failed', 'error'),
    ('check_failed', 'error'),
    ('check_warned', 'warn'),
    ('source_late', 'error'),
    ('fence_held', 'warn'),
    ('drift', 'error'),
    ('drift', 'warn'),
    ('unreconciled', 'warn'),
    ('rows_rejected', 'warn'),
    ('never_ran', 'warn')
),

problems AS MATERIALIZED (
    SELECT
        problem,
        kind,
        severity,
        subject,
        since
    FROM etl.problems
),

samples (name, labels, value) AS (
    SELECT
        'fdwarehouse_run_in_progress',
        '{}'::jsonb,
        count(*)::double precision
    FROM etl.runs
    WHERE status = 'running'
    UNION ALL
    SELECT
        'fdwarehouse_runs_total',
        jsonb_build_object('kind', k.run_kind, 'status', r.status),
        count(*)
    FROM etl.kinds_of_runs AS k
    INNER JOIN etl.runs AS r ON r.begun_by = ANY(k.procedures)
    WHERE r.status <> 'running'
    GROUP BY k.run_kind, r.status
    UNION ALL
    SELECT
        v.name,
        jsonb_build_object('kind', r.run_kind),
        v.value::double precision
    FROM last_runs AS r
    CROSS JOIN jsonb_each_text(
        jsonb_build_object(
            'fdwarehouse_last_run_timestamp_seconds', extract(EPOCH FROM r.finished_at),
            'fdwarehouse_last_run_duration_seconds', extract(EPOCH FROM r.duration),
            'fdwarehouse_last_run_succeeded', (r.status = 'succeeded')::integer,
            'fdwarehouse_last_success_timestamp_seconds', extract(EPOCH FROM r.succeeded_at)
        )
    ) AS v (name, value)
    UNION ALL
    SELECT
        v.name,
        jsonb_build_object('source', f.source_name),
        v.value::double precision
    FROM etl.freshness AS f
    CROSS JOIN jsonb_each_text(
        jsonb_build_object(
            'fdwarehouse_source_data_timestamp_seconds', extract(EPOCH FROM f.as_of),
            'fdwarehouse_source_fresh_within_seconds', extract(EPOCH FROM f.fresh_within)
        )
    ) AS v (name, value)
    UNION ALL
    SELECT
        'fdwarehouse_source_fence_held_seconds',
        jsonb_build_object('source', f.source_name),
        coalesce(extract(EPOCH FROM f.held_for), 0)
    FROM etl.last_fences AS f
    UNION ALL
    SELECT
        v.name,
        t.labels,
        v.value::double precision
    FROM tables AS t
    CROSS JOIN jsonb_each_text(
        jsonb_build_object(
            'fdwarehouse_table_rows', t.row_count,
            'fdwarehouse_table_size_bytes', t.bytes
        )
    ) AS v (name, value)
    UNION ALL
    SELECT
        'fdwarehouse_table_built_timestamp_seconds',
        jsonb_build_object('layer', m.layer, 'table', m.table_name),
        extract(EPOCH FROM w.advanced_at)
    FROM etl.pipeline_steps AS m
    INNER JOIN etl.watermarks AS w ON m.model = w.model
    WHERE m.model = m.table_name
    UNION ALL
    SELECT
        'fdwarehouse_table_rejected_rows',
        jsonb_build_object(
            'layer',
            coalesce(t.layer, split_part(r.model, '.', 1)),
            'table', r.model
        ),
        count(*)
    FROM silver.rejected_rows AS r
    LEFT JOIN etl.tables AS t ON r.model = t.table_name
    GROUP BY r.model, t.layer
    UNION ALL
    SELECT
        'fdwarehouse_step_duration_seconds',
        s.labels,
        s.seconds
    FROM last_pipeline_steps AS s
    UNION ALL
    SELECT
        'fdwarehouse_step_changes_rows',
        s.labels || jsonb_build_object('change', v.change),
        v.value::double precision
    FROM last_pipeline_steps AS s
    CROSS JOIN jsonb_each_text(
        jsonb_build_object(
            'read', s.rows_read,
            'inserted', s.rows_inserted,
            'updated', s.rows_updated,
            'deleted', s.rows_deleted,
            'rejected', s.rows_rejected
        )
    ) AS v (change, value)
    UNION ALL
    SELECT
        v.name,
        jsonb_build_object('check', r.check_name, 'layer', r.layer, 'severity', r.severity),
        v.value::double precision
    FROM etl.last_check_results AS r
    CROSS JOIN jsonb_each_text(
        jsonb_build_object(
            'fdwarehouse_check_offending_rows', r.offending_rows,
            'fdwarehouse_check_duration_seconds', extract(EPOCH FROM r.last_duration),
            'fdwarehouse_check_timestamp_seconds', extract(EPOCH FROM r.last_checked_at)
        )
    ) AS v (name, value)
    UNION ALL
    SELECT
        'fdwarehouse_problems',
        jsonb_build_object('kind', k.kind, 'severity', k.severity),
        count(p.problem)
    FROM kinds_of_problems AS k
    LEFT JOIN problems AS p ON k.kind = p.kind AND k.severity = p.severity
    GROUP BY k.kind, k.severity
    UNION ALL
    SELECT
        'fdwarehouse_problem_since_timestamp_seconds',
        jsonb_build_object(
            'problem', p.problem, 'kind', p.kind, 'severity', p.severity, 'subject', p.subject
        ),
        extract(EPOCH FROM p.since)
    FROM problems AS p
    UNION ALL
    SELECT
        'fdwarehouse_alert_channel_timestamp_seconds',
        jsonb_build_object('channel', c.channel),
        extract(EPOCH FROM c.told_at)
    FROM etl.alert_channels AS c
)

SELECT
    s.name,
    s.labels,
    s.value,
    f.help,
    f.type
FROM samples AS s
INNER JOIN families AS f ON s.name = f.name
WHERE s.value IS NOT NULL;
COMMENT ON VIEW etl.metrics IS
'The state of the warehouse in numbers, for Prometheus and others. The role warehouse_monitor may read it. Grain: one sample, that is a name with its labels.';
COMMENT ON COLUMN etl.metrics.name IS 'Name of the metric, by the conventions of Prometheus.';
COMMENT ON COLUMN etl.metrics.labels IS 'Its labels, as an object of texts.';
COMMENT ON COLUMN etl.metrics.value IS
'The value. Unit: that at the end of the name; timestamps are seconds since 1970.';
COMMENT ON COLUMN etl.metrics.help IS 'What the metric says.';
COMMENT ON COLUMN etl.metrics.type IS 'gauge, or counter: it only rises.';
