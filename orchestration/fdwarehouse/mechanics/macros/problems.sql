{#- A few rows of one table, without the values of masked columns. Where columns are masked, of a table
    that deploy does not know no values are shown.
    rows    SQL for an array of objects
    table   SQL for the name of the table -#}
{%- macro shown(rows, table) -%}
CASE
    WHEN NOT (SELECT coalesce(bool_or(m.mask IS NOT NULL), false) FROM etl.source_columns AS m)
        THEN {{ rows }}
    ELSE (
        SELECT jsonb_agg(kept.shown_row)
        FROM jsonb_array_elements({{ rows }}) AS each_row
        CROSS JOIN LATERAL (
            SELECT coalesce(jsonb_object_agg(f.key, f.value), '{}') AS shown_row
            FROM jsonb_each(
                CASE jsonb_typeof(each_row.value) WHEN 'object' THEN each_row.value END
            ) AS f
            WHERE (
                SELECT NOT bool_or(k.is_masked)
                FROM etl.columns AS k
                WHERE k.table_name = {{ table }} AND k.column_name = f.key
            )
        ) AS kept
        WHERE kept.shown_row <> '{}'
    )
END
{%- endmacro -%}
