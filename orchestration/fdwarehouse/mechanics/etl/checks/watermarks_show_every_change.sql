-- layer: bronze
-- severity: warn
-- Every change of a row changes its watermark: the last reconciliation found only deletions.
WITH latest_reconciliations AS (
    SELECT DISTINCT ON (s.model)
        s.run_id,
        m.table_name,
        s.rows_inserted AS unnoticed_rows
    FROM etl.steps AS s
    INNER JOIN etl.pipeline_steps AS m ON s.model = m.model
    WHERE m.interval_between IS NOT NULL AND s.status = 'succeeded'
    ORDER BY s.model, s.run_id DESC
)

SELECT * FROM latest_reconciliations
WHERE unnoticed_rows > 0
