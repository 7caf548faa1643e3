CREATE FUNCTION etl.evaluate_checks(
    p_run_id bigint, p_checks etl.checks[], p_models text[] DEFAULT NULL
) RETURNS jsonb
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_check etl.checks;
    v_since_run_id bigint;
    v_started timestamptz;
    v_offending bigint;
    v_sample jsonb;
    v_results jsonb := '[]';
BEGIN
    FOR v_check IN
        SELECT c.*
        FROM unnest(p_checks) AS c
        WHERE NOT EXISTS ( -- tables that failed or are held back are not checked
            SELECT FROM etl.steps AS s
            INNER JOIN etl.pipeline_steps AS m ON s.model = m.model
            WHERE s.run_id = p_run_id
                AND s.status IN ('failed', 'rolled_back', 'skipped')
                AND m.table_name = ANY(c.reads)
        )
    LOOP
        SELECT coalesce(min(s.since_run_id), 0) INTO v_since_run_id
        FROM etl.steps AS s
        INNER JOIN etl.pipeline_steps AS m ON s.model = m.model
        WHERE s.run_id = p_run_id
            AND v_check.scope = 'run'
            AND v_check.is_incremental
            AND m.layer <> 'source'
            AND m.interval_between IS NULL
            AND (p_models IS NULL OR s.model = ANY(p_models));

        -- The rows that it found are looked at again. If it is of severity error, they are either not
        -- committed and so are looked at anyway, or they must not make every later run fail.
        IF v_check.severity = 'warn' THEN
            SELECT least(v_since_run_id, l.unresolved_since_run_id) INTO STRICT v_since_run_id
            FROM (VALUES (1)) AS one_row (n)
            LEFT JOIN etl.last_check_results AS l
                ON l.check_name = v_check.check_name
                    AND v_since_run_id > l.unresolved_since_run_id
                    AND etl.looks_again(p_run_id, v_check.reads);
        END IF;

        v_started := clock_timestamp();
        BEGIN
            EXECUTE format(
                'SELECT count(*), coalesce(jsonb_agg(r) FILTER (WHERE n <= 5), ''[]'')
                FROM (SELECT r, row_number() OVER () AS n FROM etl.%I($1) AS r) AS offending',
                'check_' || v_check.check_name
            )
            INTO v_offending, v_sample
            USING v_since_run_id;
        EXCEPTION WHEN OTHERS THEN
            RAISE EXCEPTION 'check % cannot be evaluated: %', v_check.check_name, SQLERRM
                USING ERRCODE = SQLSTATE;
        END;

        v_results := v_results || jsonb_build_object(
            'check_name', v_check.check_name,
            'layer', v_check.layer,
            'severity', v_check.severity,
            'since_run_id', v_since_run_id,
            'offending_rows', v_offending,
            'sample_rows', v_sample,
            'duration', clock_timestamp() - v_started
        );
    END LOOP;
    RETURN v_results;
END;
$$;
COMMENT ON FUNCTION etl.evaluate_checks IS
'Runs checks over the rows that a run changed, warnings also over those that they found before, see etl.looks_again; over all rows if the scope is full or the run built nothing. Skips checks that read a table that failed or is held back. Arguments: the run, the checks, the models that are published now (null: all of the run). Returns the results as rows of etl.check_results.';
