-- A table that is computed from other tables alone has not changed when none of them has.
CREATE FUNCTION etl.unchanged_models(p_models text[]) RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE candidates AS (
        SELECT
            m.model,
            m.reads,
            w.run_id AS since_run_id
        FROM etl.pipeline_steps AS m
        INNER JOIN etl.watermarks AS w ON m.model = w.model
        WHERE m.model = ANY(p_models) AND m.is_derived
    ),

    changed_models AS (
        SELECT p.model
        FROM unnest(p_models) AS p (model)
        LEFT JOIN candidates AS c ON p.model = c.model
        WHERE
            c.model IS NULL
            OR EXISTS (
                SELECT FROM unnest(c.reads) AS r (table_name)
                LEFT JOIN etl.watermarks AS w ON r.table_name = w.model
                WHERE (w.changed_run_id <= c.since_run_id) IS NOT TRUE
            )
        UNION
        SELECT c.model
        FROM changed_models AS u
        INNER JOIN candidates AS c ON u.model = ANY(c.reads)
    )

    SELECT array_agg(c.model)
    FROM candidates AS c
    WHERE c.model NOT IN (SELECT u.model FROM changed_models AS u);
END;
COMMENT ON FUNCTION etl.unchanged_models IS
'Returns which of some tables cannot have changed: since they were computed, no table has changed that they read. Argument: the tables.';
