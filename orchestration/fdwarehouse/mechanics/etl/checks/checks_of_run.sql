CREATE FUNCTION etl.checks_of_run(p_run_id bigint, p_checks text[]) RETURNS etl.checks[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH built_models AS (
        SELECT
            bool_or(m.interval_between IS NOT NULL) AS reconciled,
            array_agg(m.table_name) AS tables
        FROM etl.steps AS s
        LEFT JOIN etl.pipeline_steps AS m ON s.model = m.model
        WHERE s.run_id = p_run_id AND s.layer <> 'source'
    )

    SELECT array_agg(c ORDER BY array_position('{bronze,silver,gold}', c.layer), c.check_name)
    FROM etl.checks AS c
    CROSS JOIN built_models AS b
    WHERE
        (c.scope = 'run' OR b.reconciled IS NOT FALSE) -- null: the run has built nothing
        AND (b.tables IS NULL OR c.reads = '{}' OR c.reads && b.tables)
        AND (p_checks IS NULL OR c.check_name = ANY(p_checks))
        AND NOT EXISTS (
            SELECT FROM etl.check_results AS r
            WHERE
                r.run_id = p_run_id
                AND r.check_name = c.check_name
                AND (r.passed OR r.severity = 'warn')
        );
END;
COMMENT ON FUNCTION etl.checks_of_run IS
'Returns the checks that are due at the end of a run: those that have not passed in it. Checks of scope full are due only if the run reconciled, or built nothing; checks of tables only if the run built one of them, or nothing. Arguments: the run, the names of checks (null: all).';
