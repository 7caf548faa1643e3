{#- Rendered once per table of a source that has a condition or masks, or that is read without the
    tables that inherit from it: <source>.<table>. -#}
{%- set alias = table.table_name | ident -%}
-- {{ table.schema_name ~ "." ~ table.table_name }} of the source as the warehouse takes it. Everything reads this view.
CREATE VIEW {{ creates }} AS
SELECT
    {%- for c in table.contract_columns %}
    {{ bronze.masked(table, c, alias) }} AS {{ c.name | ident }}{{ "," if not loop.last }}
    {%- endfor %}
FROM {{ table.mounted_table }} AS {{ alias }}
{%- if table.is_without_children or table.where %}
WHERE
    {%- if table.is_without_children %}
    -- postgres_fdw does not know ONLY. The source evaluates the condition on the OID.
    {{ alias }}._tableoid = (
        SELECT c.oid
        FROM {{ source.name | ident }}._pg_class AS c
        INNER JOIN {{ source.name | ident }}._pg_namespace AS n ON c.relnamespace = n.oid
        WHERE
            c.relname = {{ table.table_name | literal }}
            AND n.nspname = {{ table.schema_name | literal }}
    )
    {%- endif %}
    {%- if table.where %}
    {{ "AND " if table.is_without_children }}(
{{ table.where }}
    )
    {%- endif %}
{%- endif %};
COMMENT ON VIEW {{ creates }} IS
{{ (table.schema_name ~ "." ~ table.table_name ~ " of the source" ~ (", without the tables that inherit from it" if table.is_without_children) ~ (", with the condition and the masks of warehouse.yaml" if table.where or table.contract_columns | selectattr("mask") | list) ~ ".") | literal }};
{%- if table.where %}

-- A condition that the source does not evaluate would read all rows, and could change over time.
DO $$
DECLARE
    v_plan json;
    v_problem text;
BEGIN
    BEGIN
        -- so that the source plans the query, with its own types
        ALTER FOREIGN TABLE {{ table.mounted_table }} OPTIONS (ADD use_remote_estimate 'true');
        EXECUTE {{ ("EXPLAIN (VERBOSE, COSTS OFF, FORMAT JSON) SELECT * FROM " ~ creates) | literal }}
        INTO v_plan;
        ALTER FOREIGN TABLE {{ table.mounted_table }} OPTIONS (DROP use_remote_estimate);
        IF jsonb_path_exists(
            v_plan::jsonb, 'strict $.** ? (exists(@."Filter") || exists(@."One-Time Filter"))'
        ) THEN
            v_problem := 'the warehouse would have to evaluate it';
        END IF;
    EXCEPTION WHEN undefined_function OR datatype_mismatch OR cannot_coerce THEN
        v_problem := format('the source says: %s', SQLERRM);
    END;
    IF v_problem IS NOT NULL THEN
        RAISE EXCEPTION 'where of % cannot be sent to the source: %', {{ creates | literal }}, v_problem
            USING ERRCODE = 'DW021',
                DETAIL = format('It is: %s', {{ table.where | literal }}),
                HINT = 'Use columns of built-in types, constants, and built-in operators and immutable '
                    'functions; now() and functions of your own are not sent. Or read a view of '
                    'production instead.';
    END IF;
END;
$$;
{%- endif %}
