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
            ELSE regexp_replace(p.begun_by, '^etl\.', '')
        END AS run_kind,
        p.begun_by IN (
            'etl.extract_and_load_bronze',
            'etl.build_silver',
            'etl.build_gold',
            'etl.run_model',
            'etl.run_selection',
            'etl.run_checks'
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
        greatest(k.succeeded_run_id, p.succeeded_run_id) AS done_run_id
    FROM kinds AS k
    LEFT JOIN kinds AS p ON p.run_kind = 'pipeline' AND k.is_part_of_pipeline
)

SELECT
    d.run_kind,
    d.procedures,
    d.succeeded_run_id,
    d.failed_run_id,
    (
        SELECT min(r.run_id) FROM etl.runs AS r
        WHERE r.begun_by = ANY(d.procedures)
            AND r.status IN ('failed', 'abandoned')
            AND r.run_id > coalesce(d.done_run_id, 0)
    ) AS failing_since_run_id
FROM done AS d;
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
