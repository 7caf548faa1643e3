-- noqa: disable=LT02,LT05,ST05
CREATE VIEW etl.problems_of_checks AS
WITH once_offended AS (
    SELECT check_name FROM etl.check_results WHERE offending_rows > 0
),

last_results AS (
    SELECT
        c.*,
        (
            SELECT r FROM etl.check_results AS r
            WHERE r.check_name = c.check_name
            ORDER BY r.run_id DESC
            LIMIT 1
        ) AS result
    FROM etl.checks AS c
    WHERE c.check_name IN (SELECT o.check_name FROM once_offended AS o)
),

offended_checks AS (
    SELECT
        l.*,
        (l.result).run_id,
        (l.result).offending_rows,
        (l.result).sample_rows,
        (
            SELECT min(f.checked_at)
            FROM etl.check_results AS f
            WHERE f.check_name = l.check_name
                AND f.run_id > coalesce(
                    (
                        SELECT max(p.run_id) FROM etl.check_results AS p
                        WHERE p.check_name = l.check_name AND p.offending_rows = 0
                    ),
                    0
                )
        ) AS since,
        l.reads <> '{}' AND NOT EXISTS (
            SELECT FROM pg_proc AS p
            INNER JOIN pg_depend AS d
                ON p.oid = d.objid AND d.classid = 'pg_proc'::regclass
                    AND d.refclassid = 'pg_class'::regclass
            INNER JOIN pg_class AS c ON d.refobjid = c.oid
            INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
            WHERE p.pronamespace = to_regnamespace('etl')
                AND p.proname = 'check_' || l.check_name
                AND n.nspname <> 'etl'
                AND format('%I.%I', n.nspname, c.relname) NOT IN (
                    SELECT t.table_name FROM etl.tables AS t
                )
        ) AS reads_only_these
    FROM last_results AS l
    WHERE (l.result).offending_rows > 0
)

SELECT
    CASE c.severity WHEN 'error' THEN 'check_failed' ELSE 'check_warned' END AS kind,
    c.severity,
    c.check_name AS subject,
    c.since,
    c.run_id,
    format(
        'Check %s found %s. It promises: %s',
        c.check_name,
        CASE c.offending_rows WHEN 1 THEN '1 row' ELSE c.offending_rows || ' rows' END,
        c.description
    ) AS message,
    CASE c.severity
        WHEN 'error' THEN 'Correct the rows in production, or the check, and run again. '
        ELSE 'It does not stop a run. '
    END
    || format('The rows: SELECT * FROM etl.%I(0);', 'check_' || c.check_name) AS hint,
    {{ problems.shown("c.sample_rows", "c.reads", "c.reads_only_these") | indent(4) }} AS sample_rows
FROM offended_checks AS c;
COMMENT ON VIEW etl.problems_of_checks IS
'The kinds check_failed and check_warned of etl.problems, with its columns.';
