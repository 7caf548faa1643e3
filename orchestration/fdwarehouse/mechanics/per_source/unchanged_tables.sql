{#- Rendered once per source. -#}
{%- set looked_at = source.tables | selectattr("can_be_unchanged") | list -%}
CREATE FUNCTION {{ creates }}(p_run_id bigint, p_models text[]) RETURNS text[]
LANGUAGE sql
{{ routine.settings(hashes=true) }}
BEGIN ATOMIC
    {%- if not looked_at %}
    SELECT NULL::text[];
    {%- else %}
    WITH {% if looked_at | selectattr("is_stamped_in_local_time") | list -%}
    clock AS (
        SELECT {{ source.name | ident }}.utc_offset() AS utc_offset
    ),

    {% endif -%}
    unchanged_tables AS (
        {%- for table in looked_at %}
        {{ "UNION ALL" if not loop.first else "-- The source sends one row at most for each part." }}
        SELECT {{ table.model | literal }} AS model
        WHERE
            {{ table.model | literal }} = ANY(p_models)
            {%- if table.watermark %}
            AND ( -- unlike that of EXISTS, this limit is sent to the source. 1: by the watermark
                SELECT 1 FROM {{ table.foreign_table }} AS s
                WHERE
                    {{ bronze.is_recent(table, source, "s", "1", "(SELECT utc_offset FROM clock)") | indent(20) }}
                FETCH FIRST ROW ONLY
            ) IS NULL
            {%- endif %}
            {%- if table.hashes_unstamped %}
            AND EXISTS (
                SELECT FROM etl.unstamped_rows AS h
                INNER JOIN (
                    {{ bronze.unstamped_rows(table, table.foreign_table, "s", bronze.image(table, "s")) | indent(20) }}
                ) AS s ON h.row_count = s.row_count AND h.hash = s.hash
                WHERE h.model = {{ table.model | literal }}
            )
            {%- endif %}
        {%- endfor %}
    )

    SELECT array_agg(u.model) FROM unchanged_tables AS u;
    {%- endif %}
END;
COMMENT ON FUNCTION {{ creates }} IS
'Returns which of some tables of {{ source.name }} are as they were read last: no row was stamped since their watermarks, and those without a watermark have the same hash. Arguments: the run, the tables in bronze.';
