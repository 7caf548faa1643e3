CREATE VIEW etl.backfill_progress AS
WITH last_backfill AS (
    SELECT
        run_id,
        extract(EPOCH FROM coalesce(finished_at, clock_timestamp()) - started_at) AS seconds
    FROM etl.runs
    WHERE begun_by = 'etl.backfill'
    ORDER BY run_id DESC
    LIMIT 1
),

speeds AS (
    SELECT sum(c.rows_read) / max(b.seconds) AS rows_a_second
    FROM last_backfill AS b
    INNER JOIN etl.chunks AS c ON b.run_id = c.run_id
)

SELECT
    c.model,
    count(*) AS chunks,
    count(c.run_id) AS chunks_loaded,
    sum(c.estimated_rows)::bigint AS estimated_rows,
    coalesce(sum(c.rows_read), 0)::bigint AS rows_loaded,
    make_interval(
        secs => round(
            coalesce(sum(c.estimated_rows) FILTER (WHERE c.run_id IS NULL), 0)
            / nullif(max(s.rows_a_second), 0)
        )::double precision
    ) AS time_left
FROM etl.chunks AS c
CROSS JOIN speeds AS s
GROUP BY c.model;
COMMENT ON VIEW etl.backfill_progress IS
'The progress of a backfill. time_left is an estimate at the speed of its last run, all sessions together. Tables are loaded one after the other, so their times add up. Grain: one table in bronze.';
