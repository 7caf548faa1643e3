{#- Rendered once per source. -#}
{%- set stamped = source.tables | selectattr("watermark") | list -%}
CREATE FUNCTION {{ creates }}(p_run_id bigint, p_models text[]) RETURNS text[]
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    {%- if not stamped %}
    SELECT NULL::text[];
    {%- else %}
    WITH {% if stamped | selectattr("is_stamped_in_local_time") | list -%}
    clock AS (
        SELECT {{ source.name | ident }}.utc_offset() AS utc_offset
    ),

    {% endif -%}
    unchanged_tables AS (
        {%- for table in stamped %}
        {{ "UNION ALL" if not loop.first else "-- Each part reads one row at most. 1: an extraction by the watermark." }}
        SELECT {{ table.model | literal }} AS model
        WHERE
            {{ table.model | literal }} = ANY(p_models)
            AND ( -- unlike that of EXISTS, this limit is sent to the source
                SELECT 1 FROM {{ table.foreign_table }} AS s
                WHERE
                    {{ bronze.is_recent(table, source, "s", "1", "(SELECT utc_offset FROM clock)") | indent(20) }}
                FETCH FIRST ROW ONLY
            ) IS NULL
        {%- endfor %}
    )

    SELECT array_agg(u.model) FROM unchanged_tables AS u;
    {%- endif %}
END;
COMMENT ON FUNCTION {{ creates }} IS
'Returns which of some tables of {{ source.name }} have no row that was stamped since their watermarks. Arguments: the run, the tables in bronze.';
