-- A check that looks only at what a run changed cannot end a problem of older rows: each result
-- says what must be looked at again.
ALTER TABLE etl.checks ADD COLUMN is_incremental boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN etl.checks.is_incremental IS
'Whether it can look only at the rows that a run changed: its SELECT names p_since_run_id. Others look at all rows, whatever their scope.';
COMMENT ON COLUMN etl.checks.scope IS
'run: in every run, over what changed; full: over everything, when a run reconciles and on demand.';

ALTER TABLE etl.check_results
ADD COLUMN unresolved_since_run_id bigint,
ADD COLUMN failing_since timestamptz;
COMMENT ON COLUMN etl.check_results.unresolved_since_run_id IS
'After this result, the check has yet to pass over what later runs than this one changed (0: everything), since it found rows there; null: it has passed over all that it ever found rows in.';
COMMENT ON COLUMN etl.check_results.failing_since IS
'When the first of these results was found, clock of the warehouse; null: the check passes.';
COMMENT ON COLUMN etl.check_results.passed IS
'No row offends among those that it looked at. Whether the check passes: etl.last_check_results.';

UPDATE etl.check_results AS r
SET
    unresolved_since_run_id = r.since_run_id,
    failing_since = (
        SELECT min(f.checked_at)
        FROM etl.check_results AS f
        WHERE f.check_name = r.check_name
            AND f.run_id > coalesce(
                (
                    SELECT max(p.run_id) FROM etl.check_results AS p
                    WHERE p.check_name = r.check_name AND p.offending_rows = 0
                ),
                0
            )
    )
WHERE r.offending_rows > 0
    AND r.run_id = (
        SELECT max(l.run_id) FROM etl.check_results AS l WHERE l.check_name = r.check_name
    );

-- The last result with rows is found without reading the others.
DROP INDEX etl.check_results_with_rows;
CREATE INDEX check_results_with_rows ON etl.check_results (check_name, run_id)
WHERE offending_rows > 0;

ALTER TABLE etl.runs ADD COLUMN hint text;
COMMENT ON COLUMN etl.runs.hint IS 'The way out that its error named; null: none.';
