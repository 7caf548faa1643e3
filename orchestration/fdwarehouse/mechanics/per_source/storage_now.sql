{#- Rendered once per source. -#}
CREATE FUNCTION {{ creates }}(p_models text[])
RETURNS TABLE (model text, table_name text, relations text)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH tables (model, schema_name, table_name) AS (
        VALUES
        {%- for t in source.tables %}
        ({{ t.model | literal }}, {{ t.schema_name | literal }}, {{ t.table_name | literal }}){{ "," if not loop.last }}
        {%- endfor %}
    ),

    wanted_tables AS (
        SELECT t.*
        FROM tables AS t
        WHERE p_models IS NULL OR t.model = ANY(p_models)
    )

    SELECT
        w.model,
        w.table_name,
        s.relations
    FROM {{ source.name | ident }}._storage AS s
    INNER JOIN wanted_tables AS w
        ON s.schema_name = w.schema_name AND s.table_name = w.table_name
    WHERE
        s.schema_name = ANY((SELECT array_agg(a.schema_name) FROM wanted_tables AS a)::text[])
        AND s.table_name = ANY((SELECT array_agg(a.table_name) FROM wanted_tables AS a)::text[])
        AND s.relations IS NOT NULL;
END;
COMMENT ON FUNCTION {{ creates }} IS
'Returns the relations and files that a read of tables of {{ source.name }} would use now, independent of the snapshot. Tables that the reader may not read are left out. Argument: the tables in bronze (null: all).';
