{#- Rendered once a table of which some rows are computed: gold.<table>_affected, the keys of rows that may
    have changed. It has no settings of its own, so that PostgreSQL takes it into the writer, whose
    settings hold for it.
    target    the table
    scope     name and type of the columns of these keys
    plan      how its rows are found
    ctes      the steps that the keys need
    keys      the keys, one SELECT for each way in which a change reaches the table -#}
{%- set body -%}
{% if plan.reads_old_state -%}
-- noqa: disable=AM09
-- OFFSET 0 lets the planner scan what was written since beside an index of the table.
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
{{ ("Keys of rows of " ~ target.qualified ~ " that changes of later runs than the given one may concern, each once.") | literal }};
