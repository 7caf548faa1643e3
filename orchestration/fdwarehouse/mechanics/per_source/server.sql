{#- Rendered once per source. It does not contain the connection string: deploy, or psql, puts that into
    a temporary table. -#}
-- The server, its user mapping and the foreign tables of the source {{ source.name }}.
CREATE SCHEMA IF NOT EXISTS {{ source.name | ident }};
COMMENT ON SCHEMA {{ source.name | ident }} IS 'The source {{ source.name }}, mounted with postgres_fdw. Read-only.';

DO $$
DECLARE
    v_url text;
BEGIN
    PERFORM pg_temp.keep_secrets();
    SELECT nullif(btrim(u.url), '') INTO v_url
    FROM pg_temp.source_urls AS u
    WHERE u.source_name = {{ source.name | literal }};
    IF v_url IS NULL THEN
        IF NOT EXISTS (SELECT FROM pg_foreign_server WHERE srvname = {{ source.name | literal }}) THEN
            RAISE EXCEPTION 'the connection to source {{ source.name }} is unknown'
                USING ERRCODE = 'DW009', HINT = 'Set {{ source.name | upper }}_URL.';
        END IF;
        RETURN; -- it stays unchanged
    END IF;
    PERFORM pg_temp.mount(
        {{ source.name | literal }},
        {{ source.name | literal }},
        {{ source.server_options | tojson | literal }}::jsonb,
        etl.conninfo_options(v_url),
        {{ options_by_hand | literal }}::text[]
    );
END;
$$;

CREATE FOREIGN TABLE {{ source.name | ident }}._pg_stat_activity (
    query_start timestamptz
) SERVER {{ source.name | ident }} OPTIONS (schema_name 'pg_catalog', table_name 'pg_stat_activity');
COMMENT ON FOREIGN TABLE {{ source.name | ident }}._pg_stat_activity IS 'Sessions of the source. The start of the latest query, which is this one, shows its clock.';

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
COMMENT ON FOREIGN TABLE {{ source.name | ident }}._fence IS 'Clock, oldest transaction and identity of the source, from a view that bootstrap creates.';

CREATE FOREIGN TABLE {{ source.name | ident }}._storage (
    schema_name text,
    table_name text,
    relations text
) SERVER {{ source.name | ident }} OPTIONS (schema_name 'fdwarehouse', table_name 'storage');
COMMENT ON FOREIGN TABLE {{ source.name | ident }}._storage IS 'Relations and files that a read of a table of the source would use now, independent of the snapshot.';

CREATE FOREIGN TABLE {{ source.name | ident }}._rewritten (
    relation text
) SERVER {{ source.name | ident }} OPTIONS (schema_name 'fdwarehouse', table_name 'rewritten');
COMMENT ON FOREIGN TABLE {{ source.name | ident }}._rewritten IS 'Relations of the source that this transaction has read and that were rewritten after its snapshot.';

CREATE FOREIGN TABLE {{ source.name | ident }}._pg_settings (
    name text,
    setting text,
    reset_val text
) SERVER {{ source.name | ident }} OPTIONS (schema_name 'pg_catalog', table_name 'pg_settings');
COMMENT ON FOREIGN TABLE {{ source.name | ident }}._pg_settings IS 'Settings of the source. reset_val of TimeZone is its time zone.';

CREATE FOREIGN TABLE {{ source.name | ident }}._pg_stats (
    schemaname text,
    tablename text,
    attname text,
    inherited boolean,
    avg_width integer,
    histogram_bounds text
) SERVER {{ source.name | ident }} OPTIONS (schema_name 'pg_catalog', table_name 'pg_stats');
COMMENT ON FOREIGN TABLE {{ source.name | ident }}._pg_stats IS 'Statistics of the source, for the chunks of a backfill and the fetch sizes.';

{% for table in source.tables -%}
CREATE FOREIGN TABLE {{ table.mounted_table }} (
    {%- for name, type in table.mounted_columns.items() %}
    {{ name | ident }} {{ type }}{{ "," if not loop.last }}
    {%- endfor %}
    {%- if table.is_without_children %},
    _tableoid oid OPTIONS (column_name 'tableoid')
    {%- endif %}
) SERVER {{ source.name | ident }} OPTIONS (schema_name {{ table.schema_name | literal }}, table_name {{ table.table_name | literal }});
COMMENT ON FOREIGN TABLE {{ table.mounted_table }} IS {{ (table.schema_name ~ "." ~ table.table_name ~ " of the source.") | literal }};

{% endfor -%}
