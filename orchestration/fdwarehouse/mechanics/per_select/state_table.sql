{#- The state of the groups of a table that is counted.
    state     name and type of each of its columns, the groups first
    counting  the groups -#}
{%- if counting is not none %}
CREATE TABLE IF NOT EXISTS {{ target.state }} (
    {%- for name, type in state %}
    {{ name }} {{ type }}{{ "," if not loop.last }}
    {%- endfor %}
);
DO $do$
BEGIN
    PERFORM etl.evolve_table(
        {{ target.state | literal }},
        ARRAY[
            {%- for name, type in state %}
            {#- Groups were named by their number once. #}
            [{{ name | literal }}, {{ type | literal }}, {{ ("group_" ~ loop.index) | literal if loop.index <= counting.groups | length else "NULL" }}]{{ "," if not loop.last }}
            {%- endfor %}
        ],
        ARRAY[[
            {{ (target.name ~ "_state__key") | literal }},
            {{ ("UNIQUE NULLS NOT DISTINCT (" ~ (counting.groups | join(", ")) ~ ")") | literal }}
        ]]
    );
END;
$do$;
COMMENT ON TABLE {{ target.state }} IS
{{ ("What the aggregates of " ~ target.qualified ~ " are computed from: rows, sums, counts and extremes. Grain: one group, those that HAVING hides included.") | literal }};
{%- for name, _ in state %}
COMMENT ON COLUMN {{ target.state }}.{{ name }} IS {{ said[name] | literal }};
{%- endfor %}
{%- endif %}
