-- The log of a run has the error of the step that failed, as a whole or its message alone.
CREATE FUNCTION etl.error_of_run(p_run_id bigint) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER -- who only watches may not read the log
{{- settings.pinned() }}
BEGIN ATOMIC
    SELECT
        coalesce(
            (
                SELECT
                    CASE WHEN starts_with(s.error, r.error) THEN '' ELSE s.model || ': ' END
                    || etl.without_values(s.error, s.error_code, s.error)
                FROM etl.steps AS s
                WHERE s.run_id = r.run_id
                    AND s.error_code IS NOT NULL
                    AND (
                        starts_with(s.error, r.error)
                        OR starts_with(r.error, concat_ws(': ', s.model, s.error))
                    )
                ORDER BY s.position
                LIMIT 1
            ),
            etl.without_values(r.error, NULL, r.error)
        )
    FROM etl.runs AS r
    WHERE r.run_id = p_run_id;
END;
COMMENT ON FUNCTION etl.error_of_run IS
'Returns why a run failed, in one line and without values of rows (null: it did not). Argument: the run.';
