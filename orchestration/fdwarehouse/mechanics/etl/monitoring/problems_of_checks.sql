-- noqa: disable=LT02,LT05,ST05
CREATE VIEW etl.problems_of_checks AS
WITH failing_checks AS (
    SELECT
        l.*,
        '{{ prefix }}etl.' || quote_ident('check_' || l.check_name) AS function_name,
        CASE l.offending_rows WHEN 1 THEN '1 row' ELSE l.offending_rows || ' rows' END AS counted
    FROM etl.last_check_results AS l
    WHERE
        NOT l.passed
        AND l.check_name IN ( -- by an index, before the last result of each is looked up
            SELECT r.check_name FROM etl.check_results AS r WHERE r.offending_rows > 0
        )
),

read_tables AS ( -- by the function itself
    SELECT DISTINCT
        f.check_name,
        format('%I.%I', n.nspname, c.relname) AS table_name
    FROM failing_checks AS f
    INNER JOIN pg_proc AS p
        ON p.pronamespace = to_regnamespace('etl') AND p.proname = 'check_' || f.check_name
    INNER JOIN pg_depend AS d
        ON p.oid = d.objid AND d.classid = 'pg_proc'::regclass
            AND d.refclassid = 'pg_class'::regclass
    INNER JOIN pg_class AS c ON d.refobjid = c.oid
    INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
),

described_checks AS (
    SELECT
        f.*,
        -- Its rows are those of the problems of kind rows_rejected.
        EXISTS (SELECT FROM silver.rejected_rows) AND (
            SELECT coalesce(bool_and(r.table_name = 'silver.rejected_rows'), false)
            FROM read_tables AS r
            WHERE r.check_name = f.check_name
        ) AS counts_rejected_rows
    FROM failing_checks AS f
)

SELECT
    CASE c.severity WHEN 'error' THEN 'check_failed' ELSE 'check_warned' END AS kind,
    c.severity,
    c.check_name AS subject,
    c.failing_since AS since,
    c.run_id,
    format(
        'Check %s found %s%s. It promises: %s',
        c.check_name,
        c.counted,
        CASE
            WHEN c.last_run_id <> c.run_id
                THEN format(
                    ' in run %s; runs up to %s looked only at newer rows', c.run_id, c.last_run_id
                )
            ELSE ''
        END,
        c.description
    ) AS message,
    CASE
        WHEN c.counts_rejected_rows
            THEN 'It follows from the problems of kind rows_rejected: correct those rows, or the rules '
                'of their tables. '
        WHEN c.severity = 'error'
            THEN 'Correct the rows in production, or the check, and run again. '
        ELSE 'It does not stop a run. Correct the rows in production, or the check. '
    END
    || CASE
        WHEN c.scope = 'full' OR (c.is_incremental AND c.last_run_id <> c.run_id)
            THEN format('Then `fdwarehouse check --select %s` looks at all rows. ', c.check_name)
        ELSE ''
    END
    || format('The rows: SELECT * FROM %s(0);', c.function_name) AS hint,
    CASE WHEN etl.shows_rows(c.check_name) THEN c.sample_rows END AS sample_rows
FROM described_checks AS c
WHERE NOT (c.counts_rejected_rows AND c.severity = 'warn');
COMMENT ON VIEW etl.problems_of_checks IS
'The kinds check_failed and check_warned of etl.problems, with its columns. A check of severity warn that reads only silver.rejected_rows is left out while rows are rejected: they are problems of kind rows_rejected.';
