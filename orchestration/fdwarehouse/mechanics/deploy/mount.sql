-- Mounts a source without its password being recorded: the server does not log statements within a
-- function, and extensions that would record them are switched off.
CREATE OR REPLACE FUNCTION pg_temp.keep_secrets() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_setting record;
BEGIN
    FOR v_setting IN
        WITH recorders (name, value, records) AS (
            VALUES
            ('pg_stat_statements.track', 'none', '^all$'),
            ('pg_stat_monitor.pgsm_track', 'none', '^all$'),
            ('pgaudit.log', 'none', '^(?!none$)'),
            ('debug_print_parse', 'off', '^on$'),
            ('debug_print_raw_parse', 'off', '^on$'),
            ('debug_print_rewritten', 'off', '^on$'),
            ('debug_print_plan', 'off', '^on$'),
            (
                'auto_explain.log_min_duration',
                '-1',
                CASE current_setting('auto_explain.log_nested_statements', true)
                    WHEN 'on' THEN '^(?!-1$)'
                    ELSE '^$'
                END
            )
        )

        SELECT r.*, current_setting(r.name, true) AS present
        FROM recorders AS r
        WHERE nullif(current_setting(r.name, true), '') ~ r.records
    LOOP
        BEGIN
            PERFORM set_config(v_setting.name, v_setting.value, true);
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE EXCEPTION 'the server of the warehouse would record the password of the source'
                USING ERRCODE = 'DW009',
                    DETAIL = format('%s is %s.', v_setting.name, v_setting.present),
                    HINT = format(
                        '`fdwarehouse bootstrap --side warehouse` permits the owner to switch it '
                        'off; or ALTER ROLE warehouse_owner SET %s = %L, as an administrator.',
                        v_setting.name, v_setting.value
                    );
        END;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION pg_temp.keep_secrets IS
'Switches off, for the rest of the transaction, the settings that record the text or the parameters of statements in functions. Errors: DW009 the role lacks the privilege.';

-- The connection strings for the deploy. They are loaded with COPY, whose data is never logged.
CREATE TEMPORARY TABLE IF NOT EXISTS pg_temp.source_urls (
    source_name text,
    url text
) ON COMMIT DROP;
COMMENT ON TABLE pg_temp.source_urls IS 'Grain: one source of which the environment has a connection string.';
COMMENT ON COLUMN pg_temp.source_urls.source_name IS 'As in warehouse.yaml.';
COMMENT ON COLUMN pg_temp.source_urls.url IS 'URL or key=value, as libpq reads it; may be empty.';

CREATE OR REPLACE FUNCTION pg_temp.mount(
    p_server name, p_source text, p_defaults jsonb, p_options jsonb, p_by_hand text[]
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_url_name text := upper(p_source) || '_URL';
    v_options jsonb;
    v_unfit text;
    v_clause text;
    v_state text;
    v_message text;
BEGIN
    SELECT min(word) INTO v_unfit
    FROM jsonb_object_keys(p_options) AS word
    WHERE word <> ALL({{ words.accepted | literal }}::text[]);
    IF v_unfit IS NOT NULL THEN
        RAISE EXCEPTION '%: invalid option "%" for a source', v_url_name, v_unfit
            USING ERRCODE = 'DW009',
                HINT = format(
                    'postgres_fdw does not accept it, or would read the file on the server of '
                    'the warehouse. Remove %s; specify host, port, dbname, user and password.',
                    v_unfit
                );
    ELSIF NOT p_options ?& '{user,password}'::text[] THEN
        RAISE EXCEPTION 'the connection to source % has no user or no password', p_source
            USING ERRCODE = 'DW009',
                HINT = format(
                    'postgres_fdw has no other place for them: put both into %s.', v_url_name
                );
    END IF;

    IF NOT EXISTS (SELECT FROM pg_foreign_server WHERE srvname = p_server) THEN
        EXECUTE format('CREATE SERVER %I FOREIGN DATA WRAPPER postgres_fdw', p_server);
    END IF;
    v_options := p_defaults || (p_options - {{ words.login | literal }}::text[])
        || jsonb_build_object(
            'options',
            concat_ws(' ', p_defaults ->> 'options', p_options ->> 'options', {{ words.safety | literal }})
        );
    SELECT string_agg(
        CASE
            WHEN wanted.value IS NULL THEN format('DROP %I', mounted.option_name)
            WHEN mounted.option_name IS NULL THEN format('ADD %I %L', wanted.key, wanted.value)
            ELSE format('SET %I %L', wanted.key, wanted.value)
        END,
        ', '
    )
    INTO v_clause
    FROM jsonb_each_text(v_options) AS wanted
    FULL JOIN (
        SELECT o.*
        FROM pg_foreign_server AS s, pg_options_to_table(s.srvoptions) AS o
        WHERE s.srvname = p_server
    ) AS mounted
        ON wanted.key = mounted.option_name
    WHERE wanted.value IS DISTINCT FROM mounted.option_value
        AND (wanted.key IS NOT NULL OR mounted.option_name <> ALL(p_by_hand));
    IF v_clause IS NOT NULL THEN
        EXECUTE format('ALTER SERVER %I OPTIONS (%s)', p_server, v_clause);
    END IF;

    -- A waiting statement may be logged: only this one, without the password, waits.
    EXECUTE format('DROP USER MAPPING IF EXISTS FOR CURRENT_USER SERVER %I', p_server);
    EXECUTE format('CREATE USER MAPPING FOR CURRENT_USER SERVER %I', p_server);
    SELECT string_agg(format('ADD %I %L', key, value), ', ') INTO v_clause
    FROM jsonb_each_text(p_options)
    WHERE key = ANY({{ words.login | literal }}::text[]);
    BEGIN
        EXECUTE format('ALTER USER MAPPING FOR CURRENT_USER SERVER %I OPTIONS (%s)', p_server, v_clause);
    EXCEPTION WHEN OTHERS THEN -- the context of the error contains the statement
        GET STACKED DIAGNOSTICS v_state = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT;
    END;
    IF v_state IS NOT NULL THEN
        RAISE EXCEPTION '%: %', v_url_name, v_message USING ERRCODE = v_state;
    END IF;
END;
$$;
COMMENT ON FUNCTION pg_temp.mount IS
'Creates or alters a foreign server and the user mapping of the owner. Call pg_temp.keep_secrets() before. Arguments: the server; the source, for messages; the default options; the options of the connection string; options that an administrator may have set. Errors: DW009 the connection string lacks an option, or has one that postgres_fdw does not accept.';
