{#- Rendered once per source. -#}
-- Makes the deploy fail if a table cannot be read.
SET LOCAL statement_timeout = {{ timeouts.source | literal }};
DO $$
DECLARE
    v_table text;
    v_query text;
    v_failing_table text;
    v_failing_query text;
    v_others text[] := '{}';
    v_failure etl.failure;
    v_limits text;
BEGIN
    BEGIN
        PERFORM {{ source.name | ident }}.require_session();
    EXCEPTION WHEN sqlclient_unable_to_establish_sqlconnection THEN
        GET STACKED DIAGNOSTICS v_failure.detail = PG_EXCEPTION_DETAIL;
        IF v_failure.detail !~ '"(idle_session_timeout|transaction_timeout)"' THEN
            RAISE;
        END IF;
        -- The source runs an older version than its contract and does not have these settings.
        EXECUTE (
            SELECT format(
                'ALTER SERVER {{ source.name | ident }} OPTIONS (SET options %L)',
                regexp_replace(
                    o.option_value, {{ later_settings | literal }}, '', 'g'
                )
            )
            FROM pg_foreign_server AS s, pg_options_to_table(s.srvoptions) AS o
            WHERE s.srvname = {{ source.name | literal }} AND o.option_name = 'options'
        );
    END;
    SELECT string_agg(format('%s is %s', s.name, s.setting), ', ' ORDER BY s.name) INTO v_limits
    FROM {{ source.name | ident }}._pg_settings AS s
    WHERE s.name IN (
            'statement_timeout',
            'idle_in_transaction_session_timeout',
            'idle_session_timeout',
            'transaction_timeout'
        )
        AND s.setting <> '0';
    IF v_limits IS NOT NULL THEN
        RAISE WARNING 'source {{ source.name }} limits the duration of sessions: %', v_limits
            USING DETAIL = 'Every load that takes longer fails.',
                HINT = 'A pooler in between may drop `options`: `fdwarehouse bootstrap --side production` '
                    'sets them to 0 for the reader.';
    END IF;
    FOR v_table, v_query IN VALUES
        {%- if source.fence == "xid" %}
        -- other kinds of fence do not need it
        (
            '{{ source.name | ident }}._fence',
            'SELECT oldest_xid FROM {{ source.name | ident }}._fence LIMIT 1'
        ),
        {%- endif %}
        {%- for table in source.tables %}
        (
            {{ table.foreign_table | literal }},
            {{ ("SELECT " ~ table.mounted_columns | map("ident") | join(", ") ~ " FROM " ~ table.mounted_table ~ " LIMIT 1") | literal }}
        ){{ "," if not loop.last }}
        {%- endfor %}
    LOOP
        BEGIN
            EXECUTE v_query;
        EXCEPTION
            WHEN object_not_in_prerequisite_state THEN -- a materialized view WITH NO DATA
                RAISE WARNING '% cannot be read yet: %.', v_table, SQLERRM
                    USING HINT = 'No run can read it until REFRESH MATERIALIZED VIEW fills it in '
                        'production.';
            WHEN OTHERS THEN
                IF NOT etl.concerns_one_table(SQLSTATE, SQLERRM) THEN
                    RAISE;
                ELSIF v_failing_query IS NULL THEN
                    v_failing_table := v_table;
                    v_failing_query := v_query;
                ELSE
                    v_others := v_others || format('%s cannot be read: %s', v_table, SQLERRM);
                END IF;
        END;
    END LOOP;
    IF v_failing_query IS NOT NULL THEN
        v_table := v_failing_table;
        EXECUTE v_failing_query; -- again, outside the loop that continues after an error
    END IF;
EXCEPTION WHEN query_canceled OR OTHERS THEN
    GET STACKED DIAGNOSTICS
        v_failure.error_code = RETURNED_SQLSTATE,
        v_failure.message = MESSAGE_TEXT,
        v_failure.detail = PG_EXCEPTION_DETAIL,
        v_failure.hint = PG_EXCEPTION_HINT;
    IF v_failure.error_code !~ '^DW' THEN
        v_failure.hint := NULL; -- it concerns names in the statement
    END IF;
    IF v_failure.error_code = '57014' THEN
        IF clock_timestamp() < statement_timestamp() + {{ timeouts.source | literal }}::interval THEN
            RAISE; -- a user canceled it
        END IF;
        RAISE EXCEPTION 'source {{ source.name }} did not respond within {{ timeouts.source }}'
            USING ERRCODE = 'DW008',
                HINT = 'Is its server running? timeouts.source in warehouse.yaml sets how long the '
                    'deploy waits.';
    END IF;
    v_failure := etl.explain_source_failure(v_failure, {{ source.name | literal }}, v_table);
    RAISE EXCEPTION '%',
        CASE v_failure.error_code
            WHEN 'DW019' THEN v_failure.message
            ELSE format(
                '%s cannot be read: %s',
                coalesce(v_table, 'source {{ source.name }}'), v_failure.message
            )
        END
        USING ERRCODE = CASE v_failure.error_code WHEN 'DW019' THEN 'DW019' ELSE 'DW008' END,
            DETAIL = concat_ws(
                E'\n', nullif(v_failure.detail, ''), nullif(array_to_string(v_others, E'\n'), '')
            ),
            HINT = coalesce(
                v_failure.hint,
                'Is it running, and is {{ source.name | upper }}_URL right as seen from the server '
                'of the warehouse?'
            );
END;
$$;
SET LOCAL statement_timeout TO DEFAULT;
