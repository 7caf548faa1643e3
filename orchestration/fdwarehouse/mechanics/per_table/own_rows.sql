{#- Rendered once per table that is read without the tables that inherit from it. -#}
-- postgres_fdw does not know ONLY. The source evaluates the condition on the OID.
CREATE VIEW {{ creates }} AS
SELECT
    {% for c in table.contract_columns -%}
    a.{{ c.name | ident }}{{ ",\n    " if not loop.last }}
    {%- endfor %}
FROM {{ table.mounted_table }} AS a
WHERE
    a._tableoid = (
        SELECT c.oid
        FROM {{ source.name | ident }}._pg_class AS c
        INNER JOIN {{ source.name | ident }}._pg_namespace AS n ON c.relnamespace = n.oid
        WHERE
            c.relname = {{ table.table_name | literal }}
            AND n.nspname = {{ table.schema_name | literal }}
    );
COMMENT ON VIEW {{ creates }} IS
{{ ("The rows of " ~ table.schema_name ~ "." ~ table.table_name ~ " itself, without those of the tables that inherit from it.") | literal }};
