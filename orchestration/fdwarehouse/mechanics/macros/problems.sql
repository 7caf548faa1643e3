{#- What a failure says in one line: its first. Where columns are masked, without the values that
    PostgreSQL quotes, as in: invalid input syntax for type integer: "..." -#}
{%- macro first_line(error) -%}
CASE
    WHEN (SELECT bool_or(m.mask IS NOT NULL) FROM etl.source_columns AS m)
        THEN regexp_replace(split_part({{ error }}, E'\n', 1), '(: |value )".*"', '\1"..."')
    ELSE split_part({{ error }}, E'\n', 1)
END
{%- endmacro -%}

{#- A few rows, without the values of masked columns. -#}
{%- macro shown(rows, tables) -%}
CASE
    WHEN NOT (SELECT coalesce(bool_or(m.mask IS NOT NULL), false) FROM etl.source_columns AS m)
        THEN {{ rows }}
END
{%- endmacro -%}
