{#- The change log of a table, where it has one.
    logged_columns  name and type of each column of an image -#}
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
-- A table that was never analyzed is planned for as if it had ten pages: more rows than a run changes.
ANALYZE {{ target.log }};
COMMENT ON TABLE {{ target.log }} IS
{{ ("Rows of " ~ target.qualified ~ " that the latest runs changed, for the tables that are made of it. Grain: one image of a row, as it was before a run or as it was after it.") | literal }};
COMMENT ON COLUMN {{ target.log }}.run_id IS 'The run.';
COMMENT ON COLUMN {{ target.log }}.sign IS '1: as it was after the run; -1: before.';
{%- for name in target.logged %}
COMMENT ON COLUMN {{ target.log }}.{{ name | ident }} IS {{ ("As in " ~ target.qualified ~ ".") | literal }};
{%- endfor %}
{%- endif %}
