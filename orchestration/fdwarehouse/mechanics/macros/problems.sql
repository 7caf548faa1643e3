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

{#- Whether somebody ended a run, or its step, on purpose: by Ctrl-C, SIGTERM, pg_cancel_backend or
    etl.abandon_run. A limit of time has the same SQLSTATE as the first three. A server that speaks
    another language than English reports them as failures. Argument: the error. -#}
{%- macro was_stopped(error) -%}
coalesce(
    {{ error }} LIKE '%canceling statement due to user request%'
    OR {{ error }} = 'abandoned by etl.abandon_run',
    false
)
{%- endmacro -%}
