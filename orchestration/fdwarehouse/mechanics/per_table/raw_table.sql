{#- Rendered once per table of a source: bronze.raw_<table>. -#}
CREATE TABLE IF NOT EXISTS {{ table.raw_table }} (
    {%- for c in table.raw_columns %}
    {{ c.name | ident }} {{ c.type }},
    {%- endfor %}
    _run_id bigint NOT NULL,
    _extracted_at timestamptz NOT NULL,
    _is_deleted boolean NOT NULL DEFAULT false,
    _source_system text GENERATED ALWAYS AS ({{ source.source_system | literal }}) VIRTUAL,
    CONSTRAINT {{ (table.raw_name ~ "_one_version_a_run") | ident }}
    UNIQUE ({{ table.key | map("ident") | join(", ") }}, _run_id)
){{ " PARTITION BY HASH (" ~ table.key | sort | map("ident") | join(", ") ~ ")" if table.partitions }};
CREATE INDEX IF NOT EXISTS {{ (table.raw_name ~ "_run_id") | ident }}
ON {{ table.raw_table }} (_run_id);
DO $do$
BEGIN
    {%- set masks = table.contract_columns | selectattr("mask") | list %}
    {%- if masks %}
    PERFORM etl.require_masked(
        {{ table.raw_table | literal }},
        {{ source.name | literal }},
        {{ table.name | literal }},
        ARRAY[{{ masks | map(attribute="name") | map("literal") | join(", ") }}]
    );
    {%- endif %}
    PERFORM etl.require_same_key(
        {{ (source.name ~ "." ~ table.name) | literal }},
        {{ table.model | literal }},
        ARRAY[{{ table.key | sort | map("literal") | join(", ") }}]
    );
    PERFORM etl.evolve_raw_table(
        {{ table.raw_table | literal }},
        ARRAY[
            {%- for c in table.raw_columns %}
            [{{ c.name | literal }}, {{ c.type | literal }}]{{ "," if not loop.last }}
            {%- endfor %}
        ],
        ARRAY[{{ table.key | map("literal") | join(", ") }}],
        {{ source.local_time_zone | literal }},
        {{ table.partitions or 0 }}
    );
END;
$do$;
{%- for partition in table.partition_names %}
CREATE TABLE IF NOT EXISTS bronze.{{ partition | ident }} PARTITION OF {{ table.raw_table }}
FOR VALUES WITH (MODULUS {{ table.partitions }}, REMAINDER {{ loop.index0 }});
{%- endfor %}

COMMENT ON TABLE {{ table.raw_table }} IS
{{ ("All extracted versions of the rows of " ~ table.foreign_table ~ ". Append-only. Grain: one version of one row." ~ (" " ~ table.comment if table.comment else "")) | literal }};
{% for c in table.contract_columns -%}
COMMENT ON COLUMN {{ table.raw_table }}.{{ c.name | ident }} IS {{ (c.comment or "As in " ~ table.foreign_table ~ ".") | literal }};
{% endfor -%}
{%- if table.is_multiset %}
COMMENT ON COLUMN {{ table.raw_table }}._row_hash IS 'Identifies the row: half of the SHA-256 of all its values.';
COMMENT ON COLUMN {{ table.raw_table }}._copies IS 'How many identical rows the source has; at least 1.';
{% endif -%}
COMMENT ON COLUMN {{ table.raw_table }}._run_id IS 'Run that extracted the version.';
COMMENT ON COLUMN {{ table.raw_table }}._extracted_at IS 'Start of the transaction that extracted it, clock of the warehouse.';
COMMENT ON COLUMN {{ table.raw_table }}._is_deleted IS 'Whether the version is a tombstone: the row was deleted from the source, and the columns have its last values.';
COMMENT ON COLUMN {{ table.raw_table }}._source_system IS 'System of origin of the row.';
