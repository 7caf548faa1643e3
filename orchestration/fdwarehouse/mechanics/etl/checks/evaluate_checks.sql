CREATE FUNCTION etl.evaluate_checks(p_run_id bigint, p_models text[] DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_check etl.checks;
    v_publishes_gold boolean;
    v_after_run_id bigint;
    v_is_full boolean;
    v_started timestamptz;
    v_offending bigint;
    v_sample jsonb;
    v_results jsonb := '[]';
BEGIN
    SELECT
        coalesce(bool_or(s.layer = 'gold'), false),
        coalesce(min(s.after_run_id) FILTER (WHERE m.interval_between IS NULL), 0),
        p_models IS NULL AND coalesce(bool_or(m.interval_between IS NOT NULL), true)
    INTO v_publishes_gold, v_after_run_id, v_is_full
    FROM etl.steps AS s
    LEFT JOIN etl.models AS m ON s.model = m.model
    WHERE s.run_id = p_run_id
        AND s.layer <> 'source'
        AND (p_models IS NULL OR s.model = ANY(p_models));

    FOR v_check IN
        SELECT c.*
        FROM etl.checks AS c
        WHERE (v_is_full OR c.scope = 'run')
            AND NOT EXISTS ( -- nor is what has failed, or is held back
                SELECT FROM etl.steps AS s
                INNER JOIN etl.models AS m ON s.model = m.model
                WHERE s.run_id = p_run_id
                    AND s.status IN ('failed', 'skipped')
                    AND m.table_name = ANY(c.reads)
            )
            AND CASE
                WHEN p_models IS NULL
                    THEN NOT EXISTS (
                        SELECT FROM etl.check_results AS r
                        WHERE r.run_id = p_run_id
                            AND r.check_name = c.check_name
                            AND (r.passed OR r.severity = 'warn')
                    )
                ELSE v_publishes_gold
                    AND c.layer IN ('silver', 'gold')
                    AND NOT EXISTS ( -- what is built alone is not judged by what is not built yet
                        SELECT FROM etl.models AS m
                        WHERE m.model = ANY(c.reads)
                            AND m.layer = 'gold'
                            AND m.model <> ALL(p_models)
                    )
            END
        ORDER BY array_position('{bronze,silver,gold}', c.layer), c.check_name
    LOOP
        v_started := clock_timestamp();
        BEGIN
            EXECUTE format(
                'SELECT count(*), coalesce(jsonb_agg(r) FILTER (WHERE n <= 5), ''[]'')
                FROM (SELECT r, row_number() OVER () AS n FROM etl.%I($1) AS r) AS offending',
                'check_' || v_check.check_name
            )
            INTO v_offending, v_sample
            USING CASE WHEN v_check.scope = 'full' THEN 0 ELSE v_after_run_id END;
        EXCEPTION WHEN OTHERS THEN
            RAISE EXCEPTION 'check % cannot be evaluated: %', v_check.check_name, SQLERRM
                USING ERRCODE = SQLSTATE;
        END;

        v_results := v_results || jsonb_build_object(
            'check_name', v_check.check_name,
            'layer', v_check.layer,
            'severity', v_check.severity,
            'after_run_id', CASE WHEN v_check.scope = 'full' THEN 0 ELSE v_after_run_id END,
            'offending_rows', v_offending,
            'sample_rows', v_sample,
            'duration', clock_timestamp() - v_started
        );
    END LOOP;
    RETURN v_results;
END;
$$;
COMMENT ON FUNCTION etl.evaluate_checks IS
'Runs checks and returns their results. With models: those that must hold before these are published, over what they changed. Without: all that have not run in this run, over everything where the run built nothing. Those of scope full only there, and where the run reconciled.';
