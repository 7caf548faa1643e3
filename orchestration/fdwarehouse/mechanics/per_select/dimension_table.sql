{#- Rendered once per dimension: its table, with the columns of the engine, and the unknown member.
    columns    name and type of each column of the SELECT
    own        columns that the engine adds
    surrogate  the surrogate key -#}
-- noqa: disable=LT05
{%- if header.type2 %}
CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;
{%- endif %}
CREATE TABLE IF NOT EXISTS {{ target.qualified }} (
    {{ surrogate | ident }} bigint GENERATED ALWAYS AS IDENTITY,
    {%- for name, type in columns %}
    {{ name | ident }} {{ type }},
    {%- endfor %}
    valid_from timestamp,
    valid_to timestamp,
    is_current boolean GENERATED ALWAYS AS (valid_to = 'infinity') STORED,
    is_inferred boolean,
    _inserted_run_id bigint NOT NULL,
    _run_id bigint NOT NULL
);
DO $do$
BEGIN
    PERFORM etl.evolve_table(
        {{ target.qualified | literal }},
        ARRAY[
            {%- for name, type in columns %}
            [{{ name | literal }}, {{ type | literal }}, {{ former[name] | literal }}]{{ "," if not loop.last }}
            {%- endfor %}
        ],
        ARRAY[
            {%- for name, clause in constraints %}
            [{{ name | literal }}, {{ clause | literal }}]{{ "," if not loop.last }}
            {%- endfor %}
        ],
        ARRAY[{{ own | map("literal") | join(", ") }}]
    );
END;
$do$;
CREATE INDEX IF NOT EXISTS {{ (target.name ~ "_run_id") | ident }} ON {{ target.qualified }} (_run_id);
CREATE INDEX IF NOT EXISTS {{ (target.name ~ "_inferred") | ident }} ON {{ target.qualified }} ({{ key | ident }}) WHERE is_inferred;

-- The unknown member, for facts without a version at their time.
INSERT INTO {{ target.qualified }} (
    {{ surrogate | ident }},
    {%- for name in header.unknown %}
    {{ name | ident }},
    {%- endfor %}
    valid_from,
    valid_to,
    is_inferred,
    _inserted_run_id,
    _run_id
)
OVERRIDING SYSTEM VALUE
VALUES (
    -1,
    {%- for value in header.unknown.values() %}
    {{ value | string | literal }},
    {%- endfor %}
    '-infinity',
    'infinity',
    true,
    0,
    0
)
ON CONFLICT ({{ surrogate | ident }}) DO NOTHING;
{%- include "per_select/log_table.sql" %}

COMMENT ON TABLE {{ target.qualified }} IS
{{ (header.description ~ " Grain: " ~ header.grain ~ ". Maintained " ~ kept_up ~ ".") | literal }};
COMMENT ON COLUMN {{ target.qualified }}.{{ surrogate | ident }} IS 'Surrogate key of the version; -1 is the unknown member.';
{%- for name, _ in columns %}
COMMENT ON COLUMN {{ target.qualified }}.{{ name | ident }} IS {{ comments[name] | literal }};
{%- endfor %}
COMMENT ON COLUMN {{ target.qualified }}.valid_from IS 'Beginning of the validity, local time of production; -infinity: the first version.';
COMMENT ON COLUMN {{ target.qualified }}.valid_to IS 'End of the validity, exclusive; infinity: valid now.';
COMMENT ON COLUMN {{ target.qualified }}.is_current IS 'Whether the version is valid now.';
COMMENT ON COLUMN {{ target.qualified }}.is_inferred IS 'Whether facts refer to the member and production has not shown it yet.';
COMMENT ON COLUMN {{ target.qualified }}._inserted_run_id IS 'Run that inserted the row.';
COMMENT ON COLUMN {{ target.qualified }}._run_id IS 'Run that last wrote the row.';
