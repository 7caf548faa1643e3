-- The procedures that begin runs are found by one look at the index for each of them, and so are
-- their last runs: the log may be long.
CREATE VIEW etl.kinds_of_runs AS
WITH RECURSIVE procedures AS (
    SELECT min(begun_by) AS begun_by FROM etl.runs
    UNION ALL
    SELECT (SELECT min(r.begun_by) FROM etl.runs AS r WHERE r.begun_by > p.begun_by)
    FROM procedures AS p
    WHERE p.begun_by IS NOT NULL
),

last_runs AS (
    SELECT
        p.begun_by,
        CASE
            WHEN p.begun_by IN ('etl.run_pipeline', 'etl.start_run') THEN 'pipeline'
            ELSE regexp_replace(p.begun_by, '^{{ prefix }}etl\.', '')
        END AS run_kind,
        p.begun_by IN (
            'etl.extract_and_load_bronze',
            'etl.build_silver',
            'etl.build_gold',
            'etl.run_model',
            'etl.run_selection',
            'etl.run_checks',
            'etl.backfill' -- a run loads the tables that are not loaded yet
        ) AS is_part_of_pipeline,
        (
            SELECT max(r.run_id) FROM etl.runs AS r
            WHERE r.begun_by = p.begun_by AND r.status = 'succeeded'
        ) AS succeeded_run_id,
        (
            SELECT max(r.run_id) FROM etl.runs AS r
            WHERE r.begun_by = p.begun_by AND r.status IN ('failed', 'abandoned')
        ) AS failed_run_id
    FROM procedures AS p
    WHERE p.begun_by IS NOT NULL
),

kinds AS (
    SELECT
        run_kind,
        array_agg(begun_by) AS procedures,
        bool_or(is_part_of_pipeline) AS is_part_of_pipeline,
        max(succeeded_run_id) AS succeeded_run_id,
        max(failed_run_id) AS failed_run_id
    FROM last_runs
    GROUP BY run_kind
),

done AS (
    SELECT
        k.*,
        p.succeeded_run_id AS pipeline_run_id,
        greatest(
            k.succeeded_run_id, CASE WHEN k.is_part_of_pipeline THEN p.succeeded_run_id END
        ) AS done_run_id
    FROM kinds AS k
    LEFT JOIN kinds AS p ON p.run_kind = 'pipeline'
),

-- What somebody stopped hides no failure, and is over once a pipeline has succeeded. An erasure
-- stays due until it is done.
failing AS (
    SELECT
        d.*,
        f.first_stopped_id IS NOT NULL AND f.first_failed_id IS NULL AS was_stopped,
        coalesce(f.first_failed_id, f.first_stopped_id) AS failing_since_run_id,
        coalesce(f.last_failed_id, f.last_stopped_id) AS failing_run_id
    FROM done AS d
    CROSS JOIN LATERAL (
        SELECT
            min(l.run_id) FILTER (WHERE NOT l.was_stopped) AS first_failed_id,
            max(l.run_id) FILTER (WHERE NOT l.was_stopped) AS last_failed_id,
            min(l.run_id) FILTER (WHERE l.was_stopped) AS first_stopped_id,
            max(l.run_id) FILTER (WHERE l.was_stopped) AS last_stopped_id
        FROM (
            SELECT
                r.run_id,
                {{ problems.was_stopped("r.error") | indent(16) }} AS was_stopped
            FROM etl.runs AS r
            WHERE
                r.begun_by = ANY(d.procedures)
                AND r.status IN ('failed', 'abandoned')
                AND r.run_id > coalesce(d.done_run_id, 0)
        ) AS l
        WHERE
            d.run_kind = 'forget'
            OR NOT l.was_stopped
            OR l.run_id > coalesce(d.pipeline_run_id, 0)
    ) AS f
)

SELECT
    run_kind,
    procedures,
    succeeded_run_id,
    failed_run_id,
    failing_since_run_id,
    failing_run_id,
    was_stopped,
    CASE
        WHEN failing_run_id IS NULL THEN NULL
        WHEN run_kind = 'forget' THEN 'error'
        WHEN was_stopped OR failing_run_id < pipeline_run_id THEN 'warn'
        ELSE 'error'
    END AS severity
FROM failing;
COMMENT ON VIEW etl.kinds_of_runs IS
'The last result of each kind of run. Grain: one kind.';
COMMENT ON COLUMN etl.kinds_of_runs.run_kind IS
'pipeline: etl.run_pipeline, or etl.start_run and its steps; otherwise the procedure that began the run.';
COMMENT ON COLUMN etl.kinds_of_runs.procedures IS 'The procedures that began such runs.';
COMMENT ON COLUMN etl.kinds_of_runs.succeeded_run_id IS 'The last one that succeeded; null: none did.';
COMMENT ON COLUMN etl.kinds_of_runs.failed_run_id IS
'The last one that failed or was abandoned; null: none was.';
COMMENT ON COLUMN etl.kinds_of_runs.failing_since_run_id IS
'The first that failed since the last success, of the kind or of a pipeline that does the same; null: the kind is not failing.';
COMMENT ON COLUMN etl.kinds_of_runs.failing_run_id IS
'The last of them. Those that somebody stopped count only if there are no others, and until a pipeline succeeds.';
COMMENT ON COLUMN etl.kinds_of_runs.was_stopped IS
'Whether somebody stopped it: by Ctrl-C, pg_cancel_backend or etl.abandon_run.';
COMMENT ON COLUMN etl.kinds_of_runs.severity IS
'warn: somebody stopped it, or a pipeline has succeeded since, so that the tables are up to date; error: otherwise, and always for etl.forget. Null: the kind is not failing.';
