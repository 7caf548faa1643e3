{#- What a failure says in one line: its first. Where columns are masked, without the values that
    PostgreSQL quotes, as in: invalid input syntax for type integer: "..." -#}
{%- macro first_line(error) -%}
CASE
    WHEN (SELECT bool_or(m.mask IS NOT NULL) FROM etl.source_columns AS m)
        THEN regexp_replace(split_part({{ error }}, E'\n', 1), '(: |value )".*"', '\1"..."')
    ELSE split_part({{ error }}, E'\n', 1)
END
{%- endmacro -%}

{#- A few rows, without the values of masked columns. Where the tables have some, or where it is not
    certain that the rows come from these tables alone, only those values that have the name of a
    column which is masked in none of the tables: an alias may hide what it stands for.
    rows         SQL for an array of objects
    tables       SQL for an array with the names of the tables that they come from
    is_certain   SQL: whether they come from these tables alone -#}
{%- macro shown(rows, tables, is_certain) -%}
CASE
    WHEN NOT (SELECT coalesce(bool_or(m.mask IS NOT NULL), false) FROM etl.source_columns AS m)
        THEN {{ rows }}
    WHEN {{ is_certain }}
        AND NOT EXISTS (
            SELECT FROM etl.columns AS k
            WHERE k.table_name = ANY({{ tables }}) AND k.is_masked
        )
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
                WHERE k.table_name = ANY({{ tables }}) AND k.column_name = f.key
            )
        ) AS kept
        WHERE kept.shown_row <> '{}'
    )
END
{%- endmacro -%}
