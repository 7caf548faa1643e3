{#- Rendered once a table that is one SELECT: gold.write_<table>, which writes what differs.
    target    the table
    plan      how its rows are found
    ctes      the compiled steps, up to expected_rows and affected_keys
    scope     the CTE with the keys that may have changed; none where all rows are computed -#}
{%- import "per_select/difference.sql" as difference -%}
{#- Where more rows are computed than were asked for, all rows may be there already. -#}
{%- set there = "present_rows" if plan.is_exact or not scope else none -%}
{% if plan.reads_old_state %}-- noqa: disable=AM09
-- OFFSET 0 lets the planner scan what was written since beside an index of the table.
{% endif -%}
{{ difference.routine(target) }}
BEGIN ATOMIC
    WITH {{ ctes | join(",\n\n") | indent(4) }},

    {{ difference.present_rows(target, scope, plan.key) | indent(4) }},

    {{ difference.inserted_rows(target, there, is_key_unique=plan.is_key_unique) | indent(4) }},
    {%- if target.imaged %}

    {{ difference.updated_rows(target, there) | indent(4) }},
    {%- endif %}

    {{ difference.removed_rows(target, plan.is_key_unique) | indent(4) }}
    {%- if target.logged %},

    {{ difference.logged_images(target) | indent(4) }}
    {%- endif %}

    {{ difference.counts(target) | indent(4) }};
END;
COMMENT ON FUNCTION {{ target.writer }} IS
{{ ("Brings " ~ target.qualified ~ " up to its SELECT, " ~ plan.describe() ~ ". Arguments: the run; changes of later runs than this one are read, 0 for everything. Returns counts.") | literal }};
