{#- The rows of a table with a duplicate key or without a key. Reads all rows, or only those with keys
    that have changed.
    table  the table
    key    its key, one column -#}
{%- macro unique_key(table, key) -%}
SELECT
    {{ key | ident }},
    count(*) AS rows_with_it
FROM {{ table }}
WHERE
    p_since_run_id = 0
    OR {{ key | ident }} = ANY(
        coalesce(
            (
                SELECT array_agg(c.{{ key | ident }})
                FROM {{ table }} AS c
                WHERE c._run_id > p_since_run_id
            ),
            '{}'
        )
    )
GROUP BY {{ key | ident }}
HAVING count({{ key | ident }}) > 1
UNION ALL
SELECT
    {{ key | ident }},
    1
FROM {{ table }}
WHERE _run_id > p_since_run_id AND {{ key | ident }} IS NULL
{%- endmacro -%}
