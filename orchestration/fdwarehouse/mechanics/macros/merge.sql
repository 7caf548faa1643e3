{#- Writes what differs between a table and what it should be, and nothing else: the CTEs
    differing_rows, written_rows and removed_rows, to be followed by a SELECT of counts.
    target   the table
    key      its key columns
    columns  the other columns in which a difference counts
    source   CTE with the rows that should be
    scope    CTE with the keys that are decided: a row of the target whose key is there but not in
             source is removed
    returns  further expressions over old and new that written_rows has
    born     whether the table keeps the run that inserted a row, in _inserted_run_id -#}
{%- macro write_difference(target, key, columns, source, scope, returns=[], born=false) -%}
differing_rows AS (
    SELECT
        {{ compare.columns_of(key + columns, 's') | indent(8) }}
    FROM {{ source }} AS s
    LEFT JOIN {{ target }} AS t
        ON {{ compare.same_key('s', 't', key) }}
    WHERE
        t.{{ key[0] | ident }} IS NULL
        OR {{ compare.values_differ('s', 't', columns) | indent(8) }}
),

written_rows AS (
    INSERT INTO {{ target }} AS t (
        {{ compare.columns_of(key + columns) | indent(8) }},
        {{ "_inserted_run_id,\n        " if born }}_run_id
    )
    SELECT
        {{ compare.columns_of(key + columns) | indent(8) }},
        {{ "p_run_id,\n        " if born }}p_run_id
    FROM differing_rows
    ON CONFLICT ({{ key | map("ident") | join(", ") }}) DO UPDATE
        SET {% for c in columns %}{{ c | ident }} = excluded.{{ c | ident }},
            {% endfor %}_run_id = excluded._run_id
    RETURNING
        (old.{{ key[0] | ident }} IS NULL) AS is_new
        {%- for expression in returns %},
        {{ expression | indent(8) }}
        {%- endfor %}
),

removed_rows AS (
    DELETE FROM {{ target }} AS t
    USING {{ scope }} AS d
    WHERE
        {{ compare.same_key('t', 'd', key) }}
        AND NOT EXISTS (
            SELECT FROM {{ source }} AS s
            WHERE {{ compare.same_key('s', 't', key) }}
        )
    RETURNING t.*
)
{%- endmacro -%}

{#- The row that every writer returns, an etl.row_counts. -#}
{%- macro counts(read) -%}
SELECT
    (SELECT count(*) FROM {{ read }}) AS rows_read,
    (SELECT count(*) FROM written_rows WHERE is_new) AS rows_inserted,
    (SELECT count(*) FROM written_rows WHERE NOT is_new) AS rows_updated,
    (SELECT count(*) FROM removed_rows) AS rows_deleted,
    0::bigint AS rows_rejected
{%- endmacro -%}
