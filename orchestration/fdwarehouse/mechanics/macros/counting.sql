{#- Metrics are maintained by counting (Gupta, Mumick and Subrahmanian, Maintaining Views
    Incrementally, SIGMOD 1993): a changed row gives two deltas, the old row with the sign -1 and the
    new row with +1. The new state of a group is its old state plus the sum of its deltas. A full
    refresh is the same sum over all rows, from zero. -#}

{#- Logs the deltas of the rows that a step changed, for the tables that aggregate them. Two CTEs for
    the end of a statement with write_difference(..., returns=columns). Deltas that every table in gold
    has read are deleted when there are new ones. A full refresh logs none, because the downstream
    tables are then refreshed in full as well.
    log      the change log: run_id, sign and the columns
    columns  the measures and the columns to group by -#}
{%- macro log_images(log, columns) -%}
{%- set columns = columns | listed -%}
logged_images AS (
    INSERT INTO {{ log }} (
        run_id,
        sign,
        {{ compare.columns_of(columns) | indent(8) }}
    )
    {%- for rows, sign, prefix in (
        ("inserted_rows", 1, ""),
        ("updated_rows", 1, ""),
        ("updated_rows", -1, "old_"),
        ("removed_rows", -1, ""),
    ) %}
    SELECT
        p_run_id,
        {{ sign }},
        {% for c in columns -%}
        {{ (prefix ~ c) | ident }}{{ ",\n        " if not loop.last }}
        {%- endfor %}
    FROM {{ rows }}
    WHERE
        p_since_run_id > 0
        {%- if rows == "updated_rows" %}
        AND record_image_ne(
            ROW(
                {{ compare.columns_of(columns) | indent(16) }}
            ),
            ROW(
                {% for c in columns -%}
                {{ ("old_" ~ c) | ident }}{{ ",\n                " if not loop.last }}
                {%- endfor %}
            )
        )
        {%- endif %}
    {{- "\n    UNION ALL" if not loop.last }}
    {%- endfor %}
    RETURNING 1
),

forgotten_images AS (
    DELETE FROM {{ log }}
    WHERE
        run_id <= (SELECT min(run_id) FROM etl.watermarks WHERE model LIKE 'gold.%')
        AND EXISTS (SELECT FROM logged_images)
)
{%- endmacro -%}

{#- The rows to aggregate: the deltas, or all rows.
    table    the table whose rows are aggregated
    log      its change log
    columns  the columns of the change log -#}
{%- macro images(table, log, columns) -%}
{%- set columns = columns | listed -%}
SELECT
    sign,
    {{ compare.columns_of(columns) | indent(4) }}
FROM {{ log }}
WHERE run_id > p_since_run_id AND p_since_run_id > 0
UNION ALL
SELECT
    1,
    {{ compare.columns_of(columns) | indent(4) }}
FROM {{ table }}
WHERE p_since_run_id = 0
{%- endmacro -%}

{#- The state of each group after its deltas (the CTE images) are added: the CTEs affected_groups, with
    the affected keys, and totals, with their measures. Groups without rows are included, with 0.
    target    the table of the groups
    key       its key
    measures  by column of target: {sum: expression} or {count: columns}, each with an optional
              {where: condition on {row}}. count counts the distinct values of the columns that are
              not null. They are looked up by these columns alone, so the columns must determine the
              group, and an index should begin with some of them
    table     the table whose rows are aggregated
    also      CTE with further affected keys -#}
{%- macro totals(target, key, measures, table=none, also=none) -%}
{%- set key = key | listed -%}
{%- for name, measure in measures.items() if 'count' in measure -%}
{{ name }}_with_rows AS (
    SELECT
        {{ compare.columns_of((key + measure.count) | unique, "i") | indent(8) }},
        sum(i.sign) AS new_rows,
        CASE
            WHEN p_since_run_id = 0 THEN sum(i.sign)
            ELSE (
                SELECT count(*)
                FROM {{ table }} AS t
                WHERE
                    {% for c in measure.count -%}
                    {{ "AND " if not loop.first }}t.{{ c | ident }} = i.{{ c | ident }}
                    {% endfor -%}
                    {{ "AND (" ~ (measure.where | replace("{row}", "t")) ~ ")" if 'where' in measure }}
            )
        END AS rows_now
    FROM images AS i
    WHERE
        {% for c in measure.count -%}
        {{ "AND " if not loop.first }}i.{{ c | ident }} IS NOT NULL
        {% endfor -%}
        {{ "AND (" ~ (measure.where | replace("{row}", "i")) ~ ")" if 'where' in measure }}
    GROUP BY {{ compare.list_of((key + measure.count) | unique, "i") }}
    HAVING sum(i.sign) <> 0
),

changed_{{ name }} AS (
    SELECT
        {{ compare.columns_of(key) | indent(8) }},
        count(*) FILTER (WHERE rows_now = new_rows)
        - count(*) FILTER (WHERE rows_now = 0) AS change
    FROM {{ name }}_with_rows
    GROUP BY {{ key | map("ident") | join(", ") }}
),

{% endfor -%}
changed_sums AS (
    SELECT
        {{ compare.columns_of(key) | indent(8) }}
        {%- for name, measure in measures.items() if 'sum' in measure %},
        sum(sign * {{ measure.sum }})
        {{- " FILTER (WHERE " ~ (measure.where | replace("{row}.", "")) ~ ")" if 'where' in measure }} AS {{ name | ident }}
        {%- endfor %}
    FROM images
    GROUP BY {{ key | map("ident") | join(", ") }}
),

affected_groups AS (
    SELECT{{ merge.select_list(key) }}
    FROM changed_sums
    {%- if also %}
    UNION
    SELECT{{ merge.select_list(key) }}
    FROM {{ also }}
    {%- endif %}
    UNION
    SELECT{{ merge.select_list(key) }}
    FROM {{ target }}
    WHERE p_since_run_id = 0
),

totals AS (
    SELECT
        {{ compare.columns_of(key, "d") | indent(8) }},
        {% for name, measure in measures.items() -%}
        {% set change = "changed_" ~ name ~ ".change" if 'count' in measure else "s." ~ (name | ident) -%}
        coalesce(t.{{ name | ident }}, 0)
        + coalesce({{ change }}, 0) AS {{ name | ident }}
        {{- ",\n        " if not loop.last }}
        {%- endfor %}
    FROM affected_groups AS d
    LEFT JOIN {{ target }} AS t
        ON p_since_run_id > 0
            AND {{ compare.same_key("d", "t", key) }}
    LEFT JOIN changed_sums AS s
        ON {{ compare.same_key("d", "s", key) }}
    {%- for name, measure in measures.items() if 'count' in measure %}
    LEFT JOIN changed_{{ name }}
        ON {{ compare.same_key("d", "changed_" ~ name, key) }}
    {%- endfor %}
)
{%- endmacro -%}
