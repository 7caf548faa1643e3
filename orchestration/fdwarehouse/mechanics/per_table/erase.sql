{#- Rendered once per table of a source that has a key: bronze.erase_raw_<table>. -#}
{%- set keys = table.key -%}
{%- set forgotten_as %}{{ (source.name ~ "." ~ table.name) | literal }}, ARRAY[{{ keys | sort | map("literal") | join(", ") }}]{% endset -%}
{%- set body -%}
WITH given_key AS (
    SELECT
        {%- for name in keys %}
        {%- set column = table.contract_columns | selectattr("name", "eq", name) | first %}
        (p_key[{{ loop.index }}])::{{ column.type }} AS {{ name | ident }}{{ "," if not loop.last }}
        {%- endfor %}
),

erased_versions AS (
    DELETE FROM {{ table.raw_table }} AS b
    USING given_key AS g
    WHERE {{ compare.same_key("b", "g", keys) }}
    RETURNING b.*
),

forgotten_keys AS (
    -- Values that are equal can look different, such as letters that a collation does not tell apart.
    INSERT INTO etl.forgotten_keys (model, key_hash, source_table, key_columns, run_id)
    SELECT
        {{ table.model | literal }},
        etl.key_hash({{ bronze.key_image(table, "g") | indent(8) }}),
        {{ forgotten_as }},
        p_run_id
    FROM given_key AS g
    UNION
    SELECT
        {{ table.model | literal }},
        etl.key_hash({{ bronze.key_image(table, "e") | indent(8) }}),
        {{ forgotten_as }},
        p_run_id
    FROM erased_versions AS e
    ON CONFLICT (model, key_hash) DO NOTHING
)
{%- if table.is_hashed %},

latest_versions AS (
    SELECT DISTINCT ON ({{ keys | filled("e") }}) e.*
    FROM erased_versions AS e
    ORDER BY {{ keys | filled("e") }}, e._run_id DESC
),

written_hashes AS (
    INSERT INTO etl.bucket_hashes AS t (model, chunk, bucket, row_count, hash)
    SELECT
        {{ table.model | literal }},
        0,
        {{ bronze.bucket_of(table, "v") }},
        -1,
        {{ table.hash_function }}(row(
            {{ table.columns | filled("v") | indent(12) }}
        )::{{ table.foreign_table }})
    FROM latest_versions AS v
    WHERE NOT v._is_deleted
    ON CONFLICT (model, chunk, bucket) DO UPDATE
        SET row_count = t.row_count + excluded.row_count, hash = t.hash # excluded.hash
)
{%- endif %}
{%- if table.hashes_unstamped %},

outdated_hash AS (
    DELETE FROM etl.unstamped_rows AS t WHERE t.model = {{ table.model | literal }}
)
{%- endif %}

SELECT count(*) FROM erased_versions
{%- endset -%}
-- Erases a row: all its versions, and what the hashes of {{ table.raw_table }} hold of it.
CREATE FUNCTION {{ creates }}(p_run_id bigint, p_key text[]) RETURNS bigint
LANGUAGE sql
{{ routine.settings(hashes=true) }}
AS {{ body | dollar_quoted }};
COMMENT ON FUNCTION {{ creates }} IS
{{ ("Erases all versions of a row from " ~ table.raw_table ~ ", and sees to it that the row is never read again. Arguments: the run, the values of " ~ (keys | join(", ")) ~ ". Returns the number of versions.") | literal }};
