{#- Writes the differences between a table and its expected rows: the CTEs inserted_rows, updated_rows
    and removed_rows, to be followed by a SELECT of counts. The lock of the step permits one writer at
    a time, so no other session writes between read and write. No unique index is needed, so that a
    first load without indexes works in the same way.
    target         the table
    key            its key columns
    columns        the other columns to compare
    source         CTE with the expected rows
    affected_keys  CTE with the affected keys: a row of the target with such a key that is not in
                   source is removed; a duplicate key in source is an error
    returns        columns of which inserted_rows and updated_rows return the new value, and the old
                   value as old_<column>
    born           whether the table stores the run that inserted a row in _inserted_run_id
    distinct       whether source cannot have duplicate keys -#}
{%- macro write_difference(
    target, key, columns, source, affected_keys, returns=[], born=false, distinct=false
) -%}
{%- set key, columns, returns = key | listed, columns | listed, returns | listed -%}
inserted_rows AS (
    INSERT INTO {{ target }} AS t (
        {{ compare.columns_of(key + columns) | indent(8) }},
        {{ "_inserted_run_id,\n        " if born }}_run_id
    )
    SELECT
        {{ compare.columns_of(key + columns, 's') | indent(8) }},
        {{ "p_run_id,\n        " if born }}p_run_id
    FROM {{ source }} AS s
    WHERE
        NOT EXISTS (
            SELECT FROM {{ target }} AS t
            WHERE {{ compare.same_key('t', 's', key) }}
        )
    ORDER BY {{ compare.list_of(key, 's') }} -- inserting into an index in order is faster
    RETURNING
        {{ both_images(returns) | indent(8) }}
),

updated_rows AS (
    UPDATE {{ target }} AS t
    SET
        {% for c in key + columns %}{{ c | ident }} = s.{{ c | ident }},
        {% endfor %}_run_id = p_run_id
    FROM {{ source }} AS s
    WHERE
        {{ compare.same_key('t', 's', key) }}
        AND {{ compare.row_differs('t', 's', key + columns, row_type(target, key + columns)) | indent(8) }}
    RETURNING
        {{ both_images(returns) | indent(8) }}
),

gone_keys AS (
    SELECT{{ select_list(key, 't') }}
    FROM {{ affected_keys }} AS d
    INNER JOIN {{ target }} AS t
        ON {{ compare.same_key('d', 't', key) }}
    EXCEPT
    SELECT{{ select_list(key) }}
    FROM {{ source }}
),
{%- if not distinct %}

duplicate_keys AS (
    SELECT
        jsonb_build_object(
            {%- for c in key %}
            {{ c | literal }}, {{ c | ident }}{{ "," if not loop.last }}
            {%- endfor %}
        ) AS key,
        count(*) AS row_count
    FROM {{ source }}
    GROUP BY {{ key | map("ident") | join(", ") }}
    HAVING count(*) > 1
    ORDER BY row_count DESC
    LIMIT 1
),
{%- endif %}

removed_rows AS (
    DELETE FROM {{ target }} AS t
    USING gone_keys AS g
    WHERE
        {{ compare.same_key('t', 'g', key) }}
        {%- if not distinct %}
        AND (
            SELECT
                etl.raise_duplicate_key(
                    {{ ("the input of " ~ target) | literal }},
                    w.key,
                    w.row_count,
                    'Its writer must return one row per key.'
                )
            FROM duplicate_keys AS w
        ) IS NULL
        {%- endif %}
    RETURNING t.*
)
{%- endmacro -%}

{#- A single column stays on the line of its SELECT. -#}
{%- macro select_list(columns, alias=none) -%}
{%- if columns | length == 1 %} {{ compare.columns_of(columns, alias) }}
{%- else %}
{{ compare.columns_of(columns, alias) | indent(8, first=true) }}
{%- endif -%}
{%- endmacro -%}

{%- macro both_images(columns) -%}
{% for c in columns -%}
old.{{ c | ident }} AS {{ ("old_" ~ c) | ident }},
new.{{ c | ident }}{{ ",\n" if not loop.last }}
{%- else -%}
1
{%- endfor %}
{%- endmacro -%}

{#- The row that every writer returns, an etl.row_counts. -#}
{%- macro counts(read) -%}
SELECT
    (SELECT count(*) FROM {{ read }}) AS rows_read,
    (SELECT count(*) FROM inserted_rows) AS rows_inserted,
    (SELECT count(*) FROM updated_rows) AS rows_updated,
    (SELECT count(*) FROM removed_rows) AS rows_deleted,
    0::bigint AS rows_rejected
{%- endmacro -%}
