{#- Rendered once a source. The connection is not in the text: deploy puts it into a setting, and so
    does psql. -#}
-- The server, its user mapping and the foreign tables of the source {{ source.name }}.
CREATE SCHEMA IF NOT EXISTS {{ source.name | ident }};
COMMENT ON SCHEMA {{ source.name | ident }} IS 'The source {{ source.name }}, mounted with postgres_fdw. Read-only.';

DO $$
DECLARE
    v_url text := nullif(current_setting('fdwarehouse.{{ source.name }}_url', true), '');
    v_options jsonb := etl.conninfo_options(v_url);
    v_clause text;
BEGIN
    IF v_url IS NULL THEN
        IF NOT EXISTS (SELECT FROM pg_foreign_server WHERE srvname = {{ source.name | literal }}) THEN
            RAISE EXCEPTION 'the connection to source {{ source.name }} is not known'
                USING ERRCODE = 'DW009', HINT = 'Set {{ source.name | upper }}_URL.';
        END IF;
        RETURN; -- it stays as it was
    ELSIF NOT v_options ?& '{user,password}'::text[] THEN
        RAISE EXCEPTION 'the connection to source {{ source.name }} has no user or no password'
            USING ERRCODE = 'DW009',
                HINT = 'postgres_fdw takes neither from elsewhere: put both into {{ source.name | upper }}_URL.';
    END IF;

    IF NOT EXISTS (SELECT FROM pg_foreign_server WHERE srvname = {{ source.name | literal }}) THEN
        CREATE SERVER {{ source.name | ident }} FOREIGN DATA WRAPPER postgres_fdw;
    END IF;
    SELECT string_agg(
        CASE
            WHEN wanted.value IS NULL THEN format('DROP %I', mounted.option_name)
            WHEN mounted.option_name IS NULL THEN format('ADD %I %L', wanted.key, wanted.value)
            ELSE format('SET %I %L', wanted.key, wanted.value)
        END,
        ', '
    )
    INTO v_clause
    FROM jsonb_each_text(
        {{ server_options | indent(8) }}::jsonb
        || (v_options - '{user,password}'::text[])
    ) AS wanted
    FULL JOIN (
        SELECT o.*
        FROM pg_foreign_server AS s, pg_options_to_table(s.srvoptions) AS o
        WHERE s.srvname = {{ source.name | literal }}
    ) AS mounted
        ON wanted.key = mounted.option_name
    WHERE wanted.value IS DISTINCT FROM mounted.option_value
        AND (
            wanted.key IS NOT NULL
            OR mounted.option_name <> ALL({{ options_by_hand | literal }}::text[])
        );
    IF v_clause IS NOT NULL THEN
        EXECUTE format('ALTER SERVER {{ source.name | ident }} OPTIONS (%s)', v_clause);
    END IF;

    DROP USER MAPPING IF EXISTS FOR CURRENT_USER SERVER {{ source.name | ident }};
    EXECUTE format(
        'CREATE USER MAPPING FOR CURRENT_USER SERVER {{ source.name | ident }} OPTIONS (user %L, password %L)',
        v_options ->> 'user', v_options ->> 'password'
    );
END;
$$;

CREATE FOREIGN TABLE {{ source.name | ident }}._pg_stat_activity (
    query_start timestamptz
) SERVER {{ source.name | ident }} OPTIONS (schema_name 'pg_catalog', table_name 'pg_stat_activity');
COMMENT ON FOREIGN TABLE {{ source.name | ident }}._pg_stat_activity IS 'Sessions of the source: the last query to begin, our own, tells its clock.';

CREATE FOREIGN TABLE {{ source.name | ident }}._fence (
    observed_at timestamptz,
    fence timestamptz,
    sees_all boolean,
    held_by text,
    held_since timestamptz,
    prepared_gid text,
    prepared_at timestamptz,
    oldest_xid bigint,
    system_identifier bigint,
    timeline integer,
    running_since timestamptz,
    is_in_recovery boolean
) SERVER {{ source.name | ident }} OPTIONS (schema_name 'fdwarehouse', table_name 'fence');
COMMENT ON FOREIGN TABLE {{ source.name | ident }}._fence IS 'Clock, oldest transaction and identity of the source, which bootstrap shows.';

CREATE FOREIGN TABLE {{ source.name | ident }}._storage (
    schema_name text,
    table_name text,
    relations text
) SERVER {{ source.name | ident }} OPTIONS (schema_name 'fdwarehouse', table_name 'storage');
COMMENT ON FOREIGN TABLE {{ source.name | ident }}._storage IS 'Which relations and files a read of a table of the source touches now, whatever the snapshot shows.';

CREATE FOREIGN TABLE {{ source.name | ident }}._rewritten (
    relation text
) SERVER {{ source.name | ident }} OPTIONS (schema_name 'fdwarehouse', table_name 'rewritten');
COMMENT ON FOREIGN TABLE {{ source.name | ident }}._rewritten IS 'What this transaction has read in the source and was rewritten after its snapshot.';

CREATE FOREIGN TABLE {{ source.name | ident }}._pg_settings (
    name text,
    setting text,
    reset_val text
) SERVER {{ source.name | ident }} OPTIONS (schema_name 'pg_catalog', table_name 'pg_settings');
COMMENT ON FOREIGN TABLE {{ source.name | ident }}._pg_settings IS 'Settings of the source; reset_val has its own time zone.';

CREATE FOREIGN TABLE {{ source.name | ident }}._pg_stats (
    schemaname text,
    tablename text,
    attname text,
    inherited boolean,
    avg_width integer,
    histogram_bounds text
) SERVER {{ source.name | ident }} OPTIONS (schema_name 'pg_catalog', table_name 'pg_stats');
COMMENT ON FOREIGN TABLE {{ source.name | ident }}._pg_stats IS 'Statistics of the source, for the chunks of a backfill and the size of fetches.';

{% for table in source.tables -%}
CREATE FOREIGN TABLE {{ table.foreign_table }} (
    {%- for c in table.contract_columns %}
    {{ c.name | ident }} {{ c.type }}{{ "," if not loop.last }}
    {%- endfor %}
) SERVER {{ source.name | ident }} OPTIONS (schema_name {{ source.schema_name | literal }}, table_name {{ table.name | literal }});
COMMENT ON FOREIGN TABLE {{ table.foreign_table }} IS {{ (source.schema_name ~ "." ~ table.name ~ " of the source.") | literal }};

{% endfor -%}
-- Nothing is deployed that could not be read.
DO $$
DECLARE
    v_table text;
    v_columns text;
    v_state text;
    v_message text;
    v_detail text;
BEGIN
    FOR v_table, v_columns IN VALUES
        {%- if source.fence == "xid" %}
        ('{{ source.name | ident }}._fence', 'oldest_xid'), -- others can do without
        {%- endif %}
        {%- for table in source.tables %}
        ({{ table.foreign_table | literal }}, {{ table.columns | map("ident") | join(", ") | literal }}){{ "," if not loop.last }}
        {%- endfor %}
    LOOP
        BEGIN
            EXECUTE format('SELECT %s FROM %s LIMIT 1', v_columns, v_table);
        EXCEPTION WHEN object_not_in_prerequisite_state THEN -- a materialized view WITH NO DATA
            RAISE WARNING '% cannot be read yet: %.', v_table, SQLERRM
                USING HINT = 'REFRESH MATERIALIZED VIEW fills it in production; until then no run can read it.';
        END;
    END LOOP;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS
        v_state = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL;
    RAISE EXCEPTION '% cannot be read: %', coalesce(v_table, 'source {{ source.name }}'), v_message
        USING ERRCODE = 'DW008',
            DETAIL = v_detail,
            HINT = CASE
                WHEN v_state LIKE '08%'
                    THEN 'Is it up, and {{ source.name | upper }}_URL right as seen from the server of the warehouse?'
                WHEN v_state = '42501' OR v_table LIKE '%.\_fence'
                    THEN '`fdwarehouse bootstrap --side production` grants what is needed; '
                        || '`fdwarehouse contract` shows what its reader sees.'
                ELSE 'Is the contract that of today? See `fdwarehouse contract`.'
            END;
END;
$$;
