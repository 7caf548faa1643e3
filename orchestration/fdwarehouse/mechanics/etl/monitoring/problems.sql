-- Only what is committed counts: a run in progress is not a problem, and does not hide those that
-- earlier runs left. What it has built, or a check that passed in it, is a problem no longer.
CREATE VIEW etl.problems AS
WITH found AS (
    SELECT * FROM etl.problems_of_runs
    UNION ALL
    SELECT * FROM etl.problems_of_steps
    UNION ALL
    SELECT * FROM etl.problems_of_checks
    UNION ALL
    SELECT * FROM etl.problems_of_sources
    UNION ALL
    SELECT * FROM etl.problems_of_rows
)

SELECT
    kind || ':' || subject AS problem,
    kind,
    severity,
    subject,
    since,
    run_id,
    message,
    hint,
    sample_rows
FROM found;
COMMENT ON VIEW etl.problems IS
'What is wrong right now. A failed or lost run is a problem until a later run of its kind succeeds, a table until it is brought up to date, a check until it passes. Grain: one problem.';
COMMENT ON COLUMN etl.problems.problem IS
'Kind and subject, such as check_failed:freshness: the same as long as the problem lasts.';
COMMENT ON COLUMN etl.problems.kind IS
'run_failed, run_lost (its session ended without a result), step_failed (a table, the fence of a source, a reconciliation), check_failed, check_warned, source_late (see etl.freshness), fence_held, drift, unreconciled, rows_rejected or never_ran.';
COMMENT ON COLUMN etl.problems.severity IS
'error: something is not done or not as promised; warn: nothing stops, but look.';
COMMENT ON COLUMN etl.problems.subject IS
'What it concerns: a kind of run, a step, a check, a source, a table or column of a source, or a table.';
COMMENT ON COLUMN etl.problems.since IS 'When it began, clock of the warehouse.';
COMMENT ON COLUMN etl.problems.run_id IS 'The last run that showed it; for drift, the first. Null: none did.';
COMMENT ON COLUMN etl.problems.message IS 'What is wrong.';
COMMENT ON COLUMN etl.problems.hint IS 'The way out.';
COMMENT ON COLUMN etl.problems.sample_rows IS
'A few of the rows, without masked columns; null for kinds without rows.';
