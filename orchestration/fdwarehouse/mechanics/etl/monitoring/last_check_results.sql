-- A check that looked only at newer rows and found none does not hide the rows that it found
-- before: until it has passed over those as well, the result that counts is the last one with rows.
CREATE VIEW etl.last_check_results AS
SELECT
    c.check_name,
    c.layer,
    c.severity,
    c.scope,
    c.is_incremental,
    c.description,
    c.reads,
    r.run_id,
    r.since_run_id,
    r.offending_rows,
    r.sample_rows,
    r.checked_at,
    r.duration,
    CASE WHEN l.run_id IS NOT NULL THEN l.unresolved_since_run_id IS NULL END AS passed,
    l.unresolved_since_run_id,
    l.failing_since,
    l.run_id AS last_run_id,
    l.checked_at AS last_checked_at,
    l.duration AS last_duration
FROM etl.checks AS c
LEFT JOIN LATERAL (
    SELECT * FROM etl.check_results AS each_result
    WHERE each_result.check_name = c.check_name
    ORDER BY each_result.run_id DESC
    LIMIT 1
) AS l ON true
LEFT JOIN etl.check_results AS r
    ON c.check_name = r.check_name
        AND r.run_id = CASE
            WHEN l.unresolved_since_run_id IS NULL OR l.offending_rows > 0 THEN l.run_id
            ELSE (
                SELECT max(f.run_id) FROM etl.check_results AS f
                WHERE f.check_name = c.check_name AND f.offending_rows > 0
            )
        END;
COMMENT ON VIEW etl.last_check_results IS
'What is known of each check: its last result, or the last one with rows until the check has passed over those rows as well. Grain: one check.';
COMMENT ON COLUMN etl.last_check_results.check_name IS 'The check.';
COMMENT ON COLUMN etl.last_check_results.layer IS 'Layer that it looks at.';
COMMENT ON COLUMN etl.last_check_results.severity IS 'error or warn, as the project says now.';
COMMENT ON COLUMN etl.last_check_results.scope IS 'run or full, see etl.checks.';
COMMENT ON COLUMN etl.last_check_results.is_incremental IS
'Whether it can look only at the rows that a run changed.';
COMMENT ON COLUMN etl.last_check_results.description IS 'What it promises.';
COMMENT ON COLUMN etl.last_check_results.reads IS 'The models that it reads.';
COMMENT ON COLUMN etl.last_check_results.run_id IS 'The run of the result that counts; null: it never ran.';
COMMENT ON COLUMN etl.last_check_results.since_run_id IS
'That result looked at what later runs changed; 0: at everything.';
COMMENT ON COLUMN etl.last_check_results.offending_rows IS 'How many rows that result has.';
COMMENT ON COLUMN etl.last_check_results.sample_rows IS 'The first few of them.';
COMMENT ON COLUMN etl.last_check_results.checked_at IS 'When, clock of the warehouse.';
COMMENT ON COLUMN etl.last_check_results.duration IS 'How long that took.';
COMMENT ON COLUMN etl.last_check_results.passed IS
'Whether it has passed over all rows that it ever found; null: it never ran.';
COMMENT ON COLUMN etl.last_check_results.unresolved_since_run_id IS
'It passes once it finds nothing among what later runs than this one changed (0: everything); null: it passes.';
COMMENT ON COLUMN etl.last_check_results.failing_since IS
'Since when it does not pass, clock of the warehouse; null: it passes.';
COMMENT ON COLUMN etl.last_check_results.last_run_id IS
'The last run in which it ran, on whatever rows; later than run_id if it found none among newer rows.';
COMMENT ON COLUMN etl.last_check_results.last_checked_at IS 'When it ran last, clock of the warehouse.';
COMMENT ON COLUMN etl.last_check_results.last_duration IS 'How long it took then.';
