{#- The change log of a table, if it has one.
    logged_columns  name and type of each logged column -#}
{%- if target.logged %}
CREATE TABLE IF NOT EXISTS {{ target.log }} (
    run_id bigint NOT NULL,
    sign integer NOT NULL,
    {%- for name, type in logged_columns %}
    {{ name | ident }} {{ type }}{{ "," if not loop.last }}
    {%- endfor %}
);
DO $do$
BEGIN
    PERFORM etl.evolve_table(
        {{ target.log | literal }},
        ARRAY[
            ['run_id', 'bigint', NULL],
            ['sign', 'integer', NULL],
            {%- for name, type in logged_columns %}
            [{{ name | literal }}, {{ type | literal }}, {{ former[name] | literal }}]{{ "," if not loop.last }}
            {%- endfor %}
        ],
        '{}'
    );
END;
$do$;
CREATE INDEX IF NOT EXISTS {{ (target.name ~ "_changes_run_id") | ident }} ON {{ target.log }} (run_id);
-- The planner assumes ten pages for a table that was never analyzed: more rows than a run changes.
ANALYZE {{ target.log }};
COMMENT ON TABLE {{ target.log }} IS
{{ ("The change log of " ~ target.qualified ~ ", for the tables downstream of it. Grain: one delta: a row before or after the change of a run.") | literal }};
COMMENT ON COLUMN {{ target.log }}.run_id IS 'The run that changed the row.';
COMMENT ON COLUMN {{ target.log }}.sign IS '1: the row after the run; -1: the row before it.';
{%- for name in target.logged %}
COMMENT ON COLUMN {{ target.log }}.{{ name | ident }} IS {{ ("As in " ~ target.qualified ~ ".") | literal }};
{%- endfor %}
{%- endif %}
