{#- Rendered once a table that is a GROUP BY kept up by counting: gold.write_<table>.
    target     the table
    plan       how its rows are found
    counting   the groups, their state and what they come to
    printed    blocks of it as SQL
    ctes       the compiled steps that the images need -#}
{%- import "per_select/merge.sql" as merge -%}
{%- set groups = counting.groups -%}
{%- set columns = counting.columns | map(attribute="name") | list -%}
{#- For a side that an index finds, where groups may be null. -#}
{%- macro same(left, right) -%}
{% for g in groups -%}
{% if g in counting.nullable -%}
({{ left }}.{{ g }} = {{ right }}.{{ g }} OR ({{ left }}.{{ g }} IS NULL AND {{ right }}.{{ g }} IS NULL))
{%- else -%}
{{ left }}.{{ g }} = {{ right }}.{{ g }}
{%- endif %}{{ "\nAND " if not loop.last }}
{%- endfor %}
{%- endmacro -%}

{#- For two sides that are hashed: null elements of arrays are equal. -#}
{%- macro equal(left, right) -%}
{% for g in groups -%}
{% if g in counting.nullable -%}
ARRAY[{{ left }}.{{ g }}] = ARRAY[{{ right }}.{{ g }}]
{%- else -%}
{{ left }}.{{ g }} = {{ right }}.{{ g }}
{%- endif %}{{ "\nAND " if not loop.last }}
{%- endfor %}
{%- endmacro -%}
{%- set steps -%}
{% if plan.reads_old_state -%}
-- noqa: disable=AM09
-- OFFSET 0 lets the planner scan what was written since beside an index of the table.
{% endif -%}
WITH {% for c in ctes %}{{ c }},

{% endfor -%}
images AS NOT MATERIALIZED (
    {{ printed.images | indent(4) }}
),

{%- for lookup in counting.lookups %}
{%- set d = lookup.distinct %}

-- Values that rows came with or left with.
{{ d.name }}_values AS MATERIALIZED (
    SELECT
        {{ groups | lined("i") | indent(8) }},
        i.{{ d.value }},
        sum(i.sign) AS net
    FROM images AS i
    WHERE i.{{ d.value }} IS NOT NULL{{ " AND i." ~ d.condition if d.condition }}
    GROUP BY {{ groups | filled("i") | indent(8) }}, i.{{ d.value }}
    HAVING sum(i.sign) <> 0
),

-- How many rows have them now.
{{ d.name }}_now AS (
    SELECT
        {{ groups | lined("r") | indent(8) }},
        r.{{ d.value }},
        count(*) AS row_count
    FROM (
        {{ printed[d.name] | indent(8) }}
    ) AS r
    WHERE p_after_run_id > 0{{ " AND r." ~ d.condition if d.condition }}
    GROUP BY {{ groups | filled("r") | indent(8) }}, r.{{ d.value }}
),

-- By how many the values of a group grew.
{{ d.name }}_changes AS (
    SELECT
        {{ groups | lined("v") | indent(8) }},
        count(*) FILTER (WHERE v.rows_now > 0 AND v.rows_now <= v.net)
        - count(*) FILTER (WHERE v.rows_now = 0 AND v.net < 0) AS change
    FROM (
        SELECT
            v.*,
            CASE WHEN p_after_run_id = 0 THEN v.net ELSE coalesce(n.row_count, 0) END AS rows_now
        FROM {{ d.name }}_values AS v
        LEFT JOIN {{ d.name }}_now AS n
            ON {{ equal("v", "n") | indent(16) }}
                AND v.{{ d.value }} = n.{{ d.value }}
    ) AS v
    GROUP BY {{ groups | filled("v") | indent(8) }}
),
{%- endfor %}

-- What changed rows add to each group.
deltas AS MATERIALIZED (
    SELECT
        {{ groups | lined("i") | indent(8) }},
        sum(i.sign)::bigint AS row_count
        {%- for c in counting.columns %}
        {%- for name, sql in c.deltas %},
        {{ sql }} AS {{ name }}
        {%- endfor %}
        {%- endfor %}
    FROM images AS i
    GROUP BY {{ groups | filled("i") | indent(8) }}
),

-- What each of these groups comes to.
new_states AS MATERIALIZED (
    SELECT
        {{ groups | lined("d") | indent(8) }},
        coalesce(t._rows, 0) + d.row_count AS _rows,
        {%- for c in counting.columns %}
        {{ c.new }} AS {{ c.name }},
        {%- endfor %}
        {%- set risks = counting.columns | map(attribute="risk") | select | list %}
        {% if risks -%}
        coalesce(
            {%- for r in risks %}
            ({{ r }}){{ "\n                OR" if not loop.last }}
            {%- endfor %},
            false
        ) AS is_at_risk
        {%- else -%}
        false AS is_at_risk
        {%- endif %}
    FROM deltas AS d
    LEFT JOIN {{ target.state }} AS t
        ON p_after_run_id > 0
            AND {{ same("d", "t") | indent(12) }}
    {%- for lookup in counting.lookups %}
    {%- set d = lookup.distinct %}
    LEFT JOIN {{ d.name }}_changes
        ON {{ equal("d", d.name ~ "_changes") | indent(12) }}
    {%- endfor %}
),

{%- if risks %}

-- Groups whose least or greatest value may be gone: they are computed from their rows.
groups_at_risk AS MATERIALIZED (
    SELECT
        {{ groups | lined("n") | indent(8) }}
    FROM new_states AS n
    WHERE n.is_at_risk AND n._rows > 0
),
{%- endif %}

states AS MATERIALIZED (
    SELECT
        {{ (groups + ("_rows",)) | lined("n") | indent(8) }}
        {%- for c in columns %},
        n.{{ c }}
        {%- endfor %}
    FROM new_states AS n
    {%- if risks %}
    WHERE NOT n.is_at_risk OR n._rows = 0
    UNION ALL
    SELECT
        {{ groups | lined("r") | indent(8) }},
        count(*)
        {%- for c in counting.columns %},
        {{ c.full }}
        {%- endfor %}
    FROM (
        {{ printed.rows_again | indent(8) }}
    ) AS r
    GROUP BY {{ groups | filled("r") | indent(8) }}
    {%- endif %}
),

written_states AS (
    INSERT INTO {{ target.state }} AS t (
        {{ (groups + ("_rows",)) | filled | indent(8) }}{{ ", " if columns }}{{ columns | filled | indent(8) }}
    )
    SELECT s.*
    FROM states AS s
    WHERE s._rows > 0
    ON CONFLICT ({{ groups | filled }}) DO UPDATE
        SET
            {%- for c in columns %}
            {{ c }} = excluded.{{ c }},
            {%- endfor %}
            _rows = excluded._rows
        WHERE row(t.*) IS DISTINCT FROM row(excluded.*)
    RETURNING 1
),

gone_states AS (
    SELECT
        {{ groups | lined("s") | indent(8) }}
    FROM states AS s
    WHERE s._rows = 0
    UNION ALL
    SELECT
        {{ groups | lined("t") | indent(8) }}
    FROM {{ target.state }} AS t
    WHERE
        p_after_run_id = 0
        AND NOT EXISTS (
            SELECT FROM states AS s
            WHERE {{ equal("t", "s") | indent(16) }}
        )
),

removed_states AS (
    DELETE FROM {{ target.state }} AS t
    USING gone_states AS g
    WHERE {{ same("t", "g") | indent(8) }}
    RETURNING 1
),

aggregates AS (
    SELECT
        {{ groups | lined("s") | indent(8) }},
        {%- for name, sql in counting.aggregates %}
        {{ sql }} AS {{ name }},
        {%- endfor %}
        s._rows
    FROM states AS s
),

affected_keys AS (
    SELECT DISTINCT
        {%- for sql in printed.key_columns %}
        {{ sql | indent(8) }}{{ "," if not loop.last }}
        {%- endfor %}
    FROM aggregates AS s
),

-- Rows as they should be: those of the affected groups.
expected_rows AS MATERIALIZED (
    SELECT
        {%- for sql in printed.outputs %}
        {{ sql | indent(8) }}{{ "," if not loop.last }}
        {%- endfor %}
    FROM aggregates AS s
    WHERE
        s._rows > 0
        {%- for sql in printed.having %}
        AND {{ sql | indent(12) }}
        {%- endfor %}
)
{%- endset -%}
{{ merge.function(target, plan, steps, true, target.key, true) }}