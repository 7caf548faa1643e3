{#- Rendered once a table that has a watermark: bronze.load_chunk_of_raw_<table>. -#}
{%- set column = table.key[0] | ident -%}
{%- macro value(bound) -%}
(SELECT {{ bound }}::{{ table.first_key.type }})
{%- endmacro -%}
-- Loads a range of the keys of {{ table.foreign_table }}. Rows without a key are in the first.
-- Grain: one version of one row.
CREATE FUNCTION {{ creates }}(
    p_run_id bigint, p_chunk integer, p_from_key text, p_before_key text
)
RETURNS etl.row_counts
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
SET work_mem = {{ work_mem | literal }}
SET client_encoding = 'SQL_ASCII' -- jsonb_send converts for the client: not what is hashed
BEGIN ATOMIC
    WITH read_rows AS MATERIALIZED (
        SELECT
            {{ compare.columns_of(table.columns) | indent(12) }}
        FROM {{ table.foreign_table }}
        WHERE
            (
                (
                    (SELECT p_from_key IS NULL)
                    OR {{ column }} >= {{ value("p_from_key") }}
                )
                AND (
                    (SELECT p_before_key IS NULL)
                    OR {{ column }} < {{ value("p_before_key") }}
                )
            )
            OR ((SELECT p_from_key IS NULL) AND {{ column }} IS NULL)
    ),

    {{ bronze.append_difference(
        table, whole='false', whole_unkeyed='false', chunk='p_chunk'
    ) | indent(4) }};
END;
COMMENT ON FUNCTION {{ creates }} IS
{{ ("Appends the rows of " ~ table.foreign_table ~ " in a range of keys to " ~ table.raw_table ~ ", as far as they are not there. Arguments: the run; the chunk; the first value of " ~ table.key[0] ~ " (null: from the beginning), and the one that the next range begins with (null: to the end). Returns counts.") | literal }};
