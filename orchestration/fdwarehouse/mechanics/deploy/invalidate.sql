-- A model that has changed or was removed loses its watermark and the chunks of its first load: the
-- next run refreshes its table in full. At this point, etl.pipeline_steps still describes the
-- models of the last deploy.
WITH described_models AS (
    SELECT d.*
    FROM pg_temp.project AS p
    CROSS JOIN LATERAL jsonb_populate_recordset(
        NULL::etl.pipeline_steps, p.rows_by_table -> 'etl.pipeline_steps'
    ) AS d
),

unchanged_models AS (
    SELECT m.model
    FROM etl.pipeline_steps AS m
    INNER JOIN described_models AS d ON m.model = d.model AND m.checksum = d.checksum
),

chunks_of_changed_models AS (
    DELETE FROM etl.chunks
    WHERE model NOT IN (SELECT u.model FROM unchanged_models AS u)
)

DELETE FROM etl.watermarks
WHERE model NOT IN (SELECT u.model FROM unchanged_models AS u);
