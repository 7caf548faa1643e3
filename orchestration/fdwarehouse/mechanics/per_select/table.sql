{#- Rendered once a table that is one SELECT: the table, its constraints, indexes and change log. -#}
-- noqa: disable=LT05
CREATE TABLE IF NOT EXISTS {{ target.qualified }} (
    {%- for name, type in target.columns %}
    {{ name | ident }} {{ type }},
    {%- endfor %}
    _run_id bigint NOT NULL
);
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
    );
END;
$do$;
CREATE INDEX IF NOT EXISTS {{ (target.name ~ "_run_id") | ident }} ON {{ target.qualified }} (_run_id);
{%- for index, table, column in indexes %}
CREATE INDEX IF NOT EXISTS {{ index | ident }} ON {{ table }} ({{ column | ident }});
{%- endfor %}

{%- if target.logged %}
CREATE TABLE IF NOT EXISTS {{ target.log }} (
    run_id bigint NOT NULL,
    sign integer NOT NULL,
    {%- for name, type in target.columns if name in target.logged %}
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
            {%- for name, type in target.columns if name in target.logged %}
            [{{ name | literal }}, {{ type | literal }}, {{ former[name] | literal }}]{{ "," if not loop.last }}
            {%- endfor %}
        ],
        '{}'
    );
END;
$do$;
CREATE INDEX IF NOT EXISTS {{ (target.name ~ "_changes_run_id") | ident }} ON {{ target.log }} (run_id);
COMMENT ON TABLE {{ target.log }} IS
{{ ("Rows of " ~ target.qualified ~ " that the latest runs changed, for the tables that are made of it. Grain: one image of a row, as it was before a run or as it was after it.") | literal }};
COMMENT ON COLUMN {{ target.log }}.run_id IS 'The run.';
COMMENT ON COLUMN {{ target.log }}.sign IS '1: as it was after the run; -1: before.';
{%- for name in target.logged %}
COMMENT ON COLUMN {{ target.log }}.{{ name | ident }} IS {{ ("As in " ~ target.qualified ~ ".") | literal }};
{%- endfor %}
{%- endif %}

COMMENT ON TABLE {{ target.qualified }} IS
{{ (header.description ~ " Grain: " ~ header.grain ~ ". Kept up " ~ kept_up ~ ".") | literal }};
{%- for name, _ in target.columns %}
COMMENT ON COLUMN {{ target.qualified }}.{{ name | ident }} IS {{ comments[name] | literal }};
{%- endfor %}
COMMENT ON COLUMN {{ target.qualified }}._run_id IS 'Run that last wrote the row.';
