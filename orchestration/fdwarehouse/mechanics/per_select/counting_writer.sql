{#- Rendered once per counted table (a GROUP BY that is maintained by deltas): gold.write_<table>.
    target     the table
    plan       how its rows are found
    counting   the groups, their state and their results
    printed    blocks of it as SQL
    ctes       the compiled steps that the changed rows need -#}
{%- import "per_select/merge.sql" as merge -%}
{%- set groups = counting.groups | list -%}
{%- set columns = ["_rows"] + (counting.columns | map(attribute="name") | list) -%}
{%- set affected = "new_states" if printed.groups_are_keys else "affected_keys" -%}
{%- set risks = counting.columns | map(attribute="risk") | select | list -%}
{%- set values = counting.distincts | map(attribute="value") | unique | list -%}
{%- set conditions = counting.distincts | map(attribute="condition") | unique | list -%}

{#- Compares groups, which may be null, so that an index can be used. -#}
{%- macro same(left, right) -%}
{% for g in groups -%}
{% if g in counting.nullable -%}
({{ left }}.{{ g }} = {{ right }}.{{ g }} OR ({{ left }}.{{ g }} IS NULL AND {{ right }}.{{ g }} IS NULL))
{%- else -%}
{{ left }}.{{ g }} = {{ right }}.{{ g }}
{%- endif %}{{ "\nAND " if not loop.last }}
{%- endfor %}
{%- endmacro -%}

{#- Compares groups for a hash join: null elements of arrays are equal. -#}
{%- macro equal(left, right) -%}
{% for g in groups -%}
{% if g in counting.nullable -%}
ARRAY[{{ left }}.{{ g }}] = ARRAY[{{ right }}.{{ g }}]
{%- else -%}
{{ left }}.{{ g }} = {{ right }}.{{ g }}
{%- endif %}{{ "\nAND " if not loop.last }}
{%- endfor %}
{%- endmacro -%}

{#- The number of a FILTER condition, as the suffix of a column name. -#}
{%- macro by(condition) -%}{{ "_" ~ (conditions.index(condition) + 1) if conditions | length > 1 }}{%- endmacro -%}

{#- SELECTs of the rows whose columns are among the keys of a CTE. Null groups have a SELECT of their
    own, which is executed only if there are any, because IS NOT DISTINCT FROM cannot use an index.
    select     the select list over all_rows AS r
    names      the columns
    keys       the CTE
    condition  a column of the CTE that must be true -#}
{%- macro rows_among(select, names, keys, condition=none) -%}
{%- set row = names | filled("r") -%}
{{ select }}
FROM all_rows AS r
{%- set test -%}
{{ row if names | length == 1 else "(" ~ row ~ ")" }} IN (
    SELECT {{ names | filled("k") | indent(4) }} FROM {{ keys }} AS k{{ " WHERE k." ~ condition if condition }}
)
{%- endset -%}
{%- set test = test | flat(90) %}
WHERE{{ " " if "\n" not in test else "\n    " }}{{ test | indent(4) }}
{%- if counting.nullable %}
    {%- set nulls %}{% for g in groups if g in counting.nullable %}k.{{ g }} IS NULL{{ " OR " if not loop.last }}{% endfor %}{% endset %}
UNION ALL
{{ select }}
FROM all_rows AS r
WHERE
    (SELECT bool_or({{ nulls }}) FROM {{ keys }} AS k{{ " WHERE k." ~ condition if condition }})
    AND EXISTS (
        SELECT FROM {{ keys }} AS k
        WHERE
            {{ "k." ~ condition ~ " AND " if condition }}({{ nulls }})
            {%- for n in names %}
            AND r.{{ n }} {{ "IS NOT DISTINCT FROM" if n in counting.nullable else "=" }} k.{{ n }}
            {%- endfor %}
    )
{%- endif %}
{%- endmacro -%}

{%- set steps -%}
{% if plan.reads_old_state -%}
-- noqa: disable=AM09
-- OFFSET 0 makes the planner scan the recently written rows separately from the table's index.
{% endif -%}
WITH {% for c in ctes %}{{ c }},

{% endfor -%}
all_rows AS NOT MATERIALIZED (
    -- The columns to group by, to aggregate and to filter by.
    {{ printed.rows | indent(4) }}
),
{%- if values %}

changed_values AS MATERIALIZED (
    -- Values of DISTINCT aggregates, with the number of their rows added minus those removed.
    SELECT
        {{ (groups + values) | filled("i") | indent(8) }},
        {%- for c in conditions %}
        coalesce(sum(i.sign){{ " FILTER (WHERE i." ~ c ~ ")" if c }}, 0) AS net{{ by(c) }}{{ "," if not loop.last }}
        {%- endfor %}
    FROM {{ printed.changed }} AS i
    {%- if values | length == 1 %}
    GROUP BY {{ (groups + values) | filled("i") | indent(8) }}
    {%- else %}
    GROUP BY GROUPING SETS (
        {%- for v in values %}({{ (groups + [v]) | filled("i") | indent(8) }}){{ ", " if not loop.last }}{% endfor -%}
    )
    {%- endif %}
    HAVING{{ " " if conditions | length == 1 else "\n        " }}
        {%- for c in conditions %}sum(i.sign){{ " FILTER (WHERE i." ~ c ~ ")" if c }} <> 0{{ "\n        OR " if not loop.last }}{% endfor %}
),

value_counts AS (
    -- The same, and each present row that has one of these values.
    SELECT v.*{% for c in conditions %}, 0 AS now{{ by(c) }}{% endfor %} FROM changed_values AS v
    {%- for value in values %}
    UNION ALL
    {%- set select -%}
    SELECT {{ groups | filled("r") }}
    {%- for v in values %}, {{ "r." ~ v if v == value else "NULL" }}{% endfor %}
    {%- for c in conditions %}, 0{% endfor %}
    {%- for c in conditions %}, {{ "r." ~ c ~ "::integer" if c else "1" }}{% endfor %}
    {%- endset %}
    {{ rows_among(select, groups + [value], "changed_values") | indent(4) }}
    {%- endfor %}
),

distinct_deltas AS (
    -- The change of the number of distinct values per group: 1 per new value, -1 per removed one.
    SELECT
        {{ groups | filled("v") | indent(8) }},
        {%- for d in counting.distincts %}
        sum(v.change{{ by(d.condition) }}) FILTER (WHERE v.{{ d.value }} IS NOT NULL)::bigint AS {{ d.name }}{{ "," if not loop.last }}
        {%- endfor %}
    FROM (
        SELECT
            {{ (groups + values) | filled("c") | indent(12) }},
            {%- for c in conditions %}
            sign(sum(c.now{{ by(c) }})) - sign(sum(c.now{{ by(c) }} - c.net{{ by(c) }})) AS change{{ by(c) }}{{ "," if not loop.last }}
            {%- endfor %}
        FROM value_counts AS c
        GROUP BY {{ (groups + values) | filled("c") | indent(12) }}
    ) AS v
    GROUP BY {{ groups | filled("v") | indent(8) }}
),
{%- endif %}

deltas AS MATERIALIZED (
    -- The sum of the deltas of each group.
    {{ ((groups | prefixed("i")) + ["sum(i.sign) AS _rows"] + counting.deltas) | selected | indent(4) }}
    FROM {{ printed.changed }} AS i
    GROUP BY {{ groups | filled("i") | indent(8) }}
),

new_states AS MATERIALIZED (
    -- The new state of each of these groups.
    {{ ((groups | prefixed("d")) + ["coalesce(t._rows, 0) + d._rows AS _rows"] + counting.sums) | selected | indent(4) }}
    FROM deltas AS d
    {% filter flat(96) -%}
    LEFT JOIN {{ target.state }} AS t
        ON {{ same("d", "t") | indent(12) }}
    {%- endfilter %}
    {%- if values %}
    {% filter flat(96) -%}
    LEFT JOIN distinct_deltas AS v
        ON {{ equal("d", "v") | indent(12) }}
    {%- endfilter %}
    {%- endif %}
),

states AS MATERIALIZED (
    {%- if risks %}
    {{ (groups + columns) | prefixed("n") | selected | indent(4) }}
    FROM new_states AS n
    WHERE n._rows = 0 OR n.is_at_risk IS NOT TRUE
    UNION ALL
    -- Computed from their rows: groups whose minimum or maximum may have been removed or whose sum
    -- is not a number; in a full refresh, all groups.
    {{ ((groups | prefixed("r")) + ["count(*)"] + (counting.columns | map(attribute="full") | list)) | selected | indent(4) }}
    FROM (
        {{ rows_among("SELECT r.*", groups, "new_states", "is_at_risk") | indent(8) }}
        UNION ALL
        SELECT r.* FROM all_rows AS r WHERE p_since_run_id = 0
    ) AS r
    {%- else %}
    SELECT n.* FROM new_states AS n
    UNION ALL
    -- In a full refresh, computed from their rows.
    {{ ((groups | prefixed("r")) + ["count(*)"] + (counting.columns | map(attribute="full") | list)) | selected | indent(4) }}
    FROM all_rows AS r
    WHERE p_since_run_id = 0
    {%- endif %}
    GROUP BY {{ groups | filled("r") | indent(8) }}
),

written_states AS (
    -- The columns of states, in the same order.
    INSERT INTO {{ target.state }} AS t
    SELECT s.* FROM states AS s WHERE s._rows > 0
    ON CONFLICT ({{ groups | filled }}) DO UPDATE SET
        {% filter flat(92) -%}
        ({{ (groups + columns) | filled(width=88) | indent(8) }})
        = row(excluded.*)
        {%- endfilter %}
    WHERE row(t.*) IS DISTINCT FROM row(excluded.*)
),

removed_states AS (
    DELETE FROM {{ target.state }} AS t USING states AS s
    {% filter flat(96) -%}
    WHERE
        s._rows = 0
        AND {{ same("t", "s") | indent(8) }}
    {%- endfilter %}
),

vanished_states AS (
    -- In a full refresh, the states of groups that no longer exist.
    DELETE FROM {{ target.state }} AS t
    WHERE
        p_since_run_id = 0
        {% filter flat(92) -%}
        AND NOT EXISTS (
            SELECT FROM states AS s
            WHERE
                {{ equal("t", "s") | indent(16) }}
        )
        {%- endfilter %}
),

{% if affected == "affected_keys" -%}
affected_keys AS (
    {{ printed.key_columns | selected("SELECT DISTINCT") | indent(4) }} FROM states AS s
),

{% endif -%}
expected_rows AS MATERIALIZED (
    -- The expected rows of the affected groups.
    {{ printed.outputs | selected | indent(4) }}
    FROM states AS s
    WHERE s._rows > 0
        {%- for sql in printed.having %}
        AND {{ sql | indent(12) }}
        {%- endfor %}
)
{%- endset -%}
{{ merge.function(target, plan, steps, true, target.key, true, affected) }}
