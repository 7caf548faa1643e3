{#- Rendered once a source. -#}
CREATE FUNCTION {{ creates }}(p_models text[])
RETURNS TABLE (model text, table_name text, relations text)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH tables (model, table_name) AS (
        VALUES
        {%- for t in source.tables %}
        ({{ t.model | literal }}, {{ t.name | literal }}){{ "," if not loop.last }}
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
    INNER JOIN wanted_tables AS w ON s.table_name = w.table_name
    WHERE
        s.schema_name = {{ source.schema_name | literal }}
        AND s.table_name = ANY((SELECT array_agg(a.table_name) FROM wanted_tables AS a)::text[])
        AND s.relations IS NOT NULL;
END;
COMMENT ON FUNCTION {{ creates }} IS
'Which relations and files a read of tables of {{ source.name }} touches now, whatever the snapshot of the transaction shows. Argument: the tables in bronze (null: all). Not every table has a row: what the reader may not read has none.';
