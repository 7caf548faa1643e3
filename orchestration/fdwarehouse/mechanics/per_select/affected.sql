{#- Rendered once per incremental table: gold.<table>_affected, which returns the affected keys. It has no
    SET clause, so that PostgreSQL inlines it into the writer.
    target    the table
    scope     name and type of the key columns
    plan      how its rows are found
    ctes      the steps that the keys need
    keys      the arms: one SELECT for each way in which a change reaches the table -#}
{%- set body -%}
{% if plan.reads_old_state -%}
-- noqa: disable=AM09
-- OFFSET 0 makes the planner scan the recently written rows separately from the table's index.
{% endif -%}
{% if ctes %}WITH {{ ctes | join(",\n\n") }}

{% endif -%}
{{ keys }}
{%- endset -%}
CREATE FUNCTION {{ target.affected }}(p_since_run_id bigint)
RETURNS TABLE ({% for name, kind in scope %}{{ name | ident }} {{ kind }}{{ ", " if not loop.last }}{% endfor %})
LANGUAGE sql STABLE
AS {{ body | dollar_quoted }};
COMMENT ON FUNCTION {{ target.affected }} IS
{{ ("Returns the affected keys of " ~ target.qualified ~ ", each once. Argument: the run since which changes are read.") | literal }};
