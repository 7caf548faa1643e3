-- A table that is computed from other tables alone has not changed when none of them has.
CREATE FUNCTION etl.conclude_unchanged(p_run_id bigint, p_models text[]) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE pending_steps AS (
        SELECT
            s.model,
            m.reads,
            w.run_id AS since_run_id,
            m.is_derived
            AND w.run_id IS NOT NULL
            AND NOT s.is_full
            AND NOT EXISTS (SELECT FROM etl.deferred_indexes AS d WHERE d.table_name = s.model)
            AND NOT EXISTS ( -- it may be held back, or it may be too late to build it
                SELECT FROM etl.steps AS other
                INNER JOIN etl.pipeline_steps AS o ON other.model = o.model
                WHERE
                    other.run_id = p_run_id
                    AND (
                        (other.status IN ('failed', 'skipped') AND o.table_name = ANY(m.reads))
                        OR (other.status = 'succeeded' AND s.model = ANY(o.reads))
                        OR (other.status = 'succeeded' AND m.layer = 'silver' AND o.layer = 'gold')
                    )
            ) AS can_be_unchanged
        FROM etl.steps AS s
        INNER JOIN etl.pipeline_steps AS m ON s.model = m.model
        LEFT JOIN etl.watermarks AS w ON s.model = w.model
        WHERE s.run_id = p_run_id AND s.model = ANY(p_models) AND s.status = 'pending'
    ),

    changed_steps AS (
        SELECT p.model
        FROM pending_steps AS p
        WHERE
            NOT p.can_be_unchanged
            OR EXISTS (
                SELECT FROM unnest(p.reads) AS r (table_name)
                LEFT JOIN etl.watermarks AS w ON r.table_name = w.model
                WHERE (w.changed_run_id <= p.since_run_id) IS NOT TRUE
            )
        UNION
        SELECT p.model
        FROM changed_steps AS c
        INNER JOIN pending_steps AS p ON c.model = ANY(p.reads)
    ),

    concluded_steps AS (
        UPDATE etl.steps AS s
        SET
            status = 'succeeded',
            error = NULL,
            error_code = NULL,
            since_run_id = p.since_run_id,
            rows_read = 0,
            rows_inserted = 0,
            rows_updated = 0,
            rows_deleted = 0,
            rows_rejected = 0,
            started_at = clock_timestamp(),
            finished_at = clock_timestamp()
        FROM pending_steps AS p
        WHERE
            s.run_id = p_run_id
            AND s.model = p.model
            AND p.model NOT IN (SELECT c.model FROM changed_steps AS c)
        RETURNING s.model
    )

    UPDATE etl.watermarks
    SET run_id = p_run_id, advanced_at = clock_timestamp()
    WHERE model IN (SELECT c.model FROM concluded_steps AS c);
END;
COMMENT ON FUNCTION etl.conclude_unchanged IS
'Concludes the pending steps of tables that cannot have changed: since their last step, no table has changed that they read. Arguments: the run, the models.';
