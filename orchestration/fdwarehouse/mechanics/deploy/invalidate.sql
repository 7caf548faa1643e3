-- A model that is built differently from now on, or not any more, loses its watermark and the chunks
-- of its first load: the next run computes all of its table and writes what differs. Runs before the
-- catalogue is brought up to date, which still says how models were built.
WITH described_models AS (
    SELECT m.model, m.checksum
    FROM pg_temp.project AS p
    CROSS JOIN LATERAL jsonb_populate_recordset(NULL::etl.models, p.rows_by_table -> 'etl.models') AS m
),

unchanged_models AS (
    SELECT m.model
    FROM etl.models AS m
    INNER JOIN described_models AS d ON m.model = d.model AND m.checksum = d.checksum
),

invalid_chunks AS (
    DELETE FROM etl.chunks
    WHERE model NOT IN (SELECT u.model FROM unchanged_models AS u)
)

DELETE FROM etl.watermarks
WHERE model NOT IN (SELECT u.model FROM unchanged_models AS u);
