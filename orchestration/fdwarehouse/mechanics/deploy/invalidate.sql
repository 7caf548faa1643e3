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

-- A table that a migration has dropped, and that this deploy has created again, is empty. The
-- system columns of a table are never altered: their xmin is the transaction that has created it.
DO $$
DECLARE
    v_table text;
    v_is_empty boolean;
BEGIN
    FOR v_table IN
        SELECT DISTINCT m.table_name
        FROM etl.pipeline_steps AS m
        INNER JOIN pg_attribute AS a ON a.attrelid = to_regclass(m.table_name)
        WHERE m.layer <> 'source' AND a.attname = 'tableoid' AND a.xmin = pg_current_xact_id()::xid
    LOOP
        EXECUTE format('SELECT NOT EXISTS (SELECT FROM %s)', v_table) INTO v_is_empty;
        CONTINUE WHEN NOT v_is_empty;
        DELETE FROM etl.chunks WHERE model = v_table;
        DELETE FROM etl.bucket_hashes WHERE model = v_table;
        DELETE FROM etl.unstamped_rows WHERE model = v_table;
        DELETE FROM etl.watermarks AS w
        USING etl.pipeline_steps AS m
        WHERE w.model = m.model AND m.table_name = v_table;
    END LOOP;
END;
$$;
