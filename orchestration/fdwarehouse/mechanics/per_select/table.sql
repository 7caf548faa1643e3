{#- Rendered once per table that is one SELECT: the table, its constraints, indexes and change log. -#}
-- noqa: disable=LT05
CREATE TABLE IF NOT EXISTS {{ target.qualified }} (
    {%- for name, type in target.columns %}
    {{ name | ident }} {{ type }},
    {%- endfor %}
    _run_id bigint NOT NULL
){% if partitions %} PARTITION BY RANGE ({{ partitions.by | ident }}){% endif %};
DO $do$
BEGIN
    PERFORM etl.evolve_table(
        {{ target.qualified | literal }},
        ARRAY[
            {%- for name, type in target.columns %}
            [{{ name | literal }}, {{ type | literal }}, {{ former[name] | literal }}]{{ "," if not loop.last }}
            {%- endfor %}
        ],
        ARRAY[
            {%- for name, clause in constraints %}
            [{{ name | literal }}, {{ clause | literal }}]{{ "," if not loop.last }}
            {%- endfor %}
        ]
        {%- if partitions %},
        p_partitions => ARRAY[{{ partitions.by | literal }}, {{ partitions.every | literal }}]
        {%- endif %}
    );
    {%- for i in indexes %}
    {%- if i.columns %}
    PERFORM etl.look_up_by({{ i.qualified | literal }}, ARRAY[{% for c in i.columns %}{{ c | literal }}{{ ", " if not loop.last }}{% endfor %}]);
    {%- else %}
    PERFORM etl.look_up_by_expressions({{ i.qualified | literal }}, {{ i.name | literal }}, ARRAY[{% for e in i.expressions %}{{ e | literal }}{{ ", " if not loop.last }}{% endfor %}]);
    {%- endif %}
    {%- endfor %}
END;
$do$;
CREATE INDEX IF NOT EXISTS {{ (target.name ~ "_run_id") | ident }} ON {{ target.qualified }} (_run_id);

{%- include "per_select/log_table.sql" %}
{%- include "per_select/state_table.sql" %}

COMMENT ON TABLE {{ target.qualified }} IS
{{ (header.description ~ " Grain: " ~ header.grain ~ ". Maintained " ~ kept_up ~ ".") | literal }};
{%- for name, _ in target.columns %}
COMMENT ON COLUMN {{ target.qualified }}.{{ name | ident }} IS {{ comments[name] | literal }};
{%- endfor %}
COMMENT ON COLUMN {{ target.qualified }}._run_id IS 'Run that last wrote the row.';
