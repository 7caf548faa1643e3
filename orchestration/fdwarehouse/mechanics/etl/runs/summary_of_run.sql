CREATE FUNCTION etl.summary_of_run(p_run_id bigint) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER -- the loader has no privileges on the log
{{- settings.pinned() }}
BEGIN ATOMIC
    WITH steps AS (
        SELECT
            coalesce(sum(s.rows_read) FILTER (WHERE s.layer = 'bronze'), 0) AS rows_read,
            coalesce(
                sum(s.rows_inserted + s.rows_updated + s.rows_deleted)
                FILTER (WHERE s.layer <> 'source'),
                0
            ) AS rows_written,
            coalesce(sum(s.rows_rejected), 0) AS rows_rejected
        FROM etl.steps AS s
        WHERE s.run_id = p_run_id
    ),

    chunks AS (
        SELECT coalesce(sum(c.rows_read), 0) AS rows_read
        FROM etl.chunks AS c
        WHERE c.run_id = p_run_id
    ),

    checks AS (
        SELECT
            count(*) FILTER (WHERE r.passed) AS passed,
            count(*) FILTER (WHERE NOT r.passed) AS warned
        FROM etl.check_results AS r
        WHERE r.run_id = p_run_id
    ),

    counts AS (
        SELECT
            r.run_id,
            extract(EPOCH FROM r.finished_at - r.started_at) AS seconds,
            s.rows_read + c.rows_read AS rows_read,
            s.rows_written + c.rows_read AS rows_written,
            s.rows_rejected,
            k.passed,
            k.warned
        FROM etl.runs AS r
        CROSS JOIN steps AS s
        CROSS JOIN chunks AS c
        CROSS JOIN checks AS k
        WHERE r.run_id = p_run_id AND r.status = 'succeeded'
    )

    SELECT
        format(
            'run %s succeeded in %s: %s %s read, %s written, %s rejected',
            run_id,
            CASE
                WHEN seconds < 0.9995 THEN round(seconds * 1000) || ' ms'
                WHEN seconds < 59.95 THEN round(seconds, 1) || ' s'
                WHEN seconds < 3599.5
                    THEN div(round(seconds), 60) || ' min ' || mod(round(seconds), 60) || ' s'
                ELSE div(seconds, 3600) || ' h ' || div(mod(seconds, 3600), 60) || ' min'
            END,
            to_char(rows_read, 'FM999,999,999,999,990'),
            CASE rows_read WHEN 1 THEN 'row' ELSE 'rows' END,
            to_char(rows_written, 'FM999,999,999,999,990'),
            to_char(rows_rejected, 'FM999,999,999,999,990')
        )
        || CASE
            WHEN passed + warned = 0 THEN ''
            WHEN passed = 1 THEN '; 1 check passed'
            ELSE format('; %s checks passed', passed)
        END
        || CASE WHEN warned > 0 THEN format(', %s warned', warned) ELSE '' END
    FROM counts;
END;
COMMENT ON FUNCTION etl.summary_of_run IS
'Describes a run that has succeeded in one line: time, rows, checks (null: it has not). Argument: the run.';
