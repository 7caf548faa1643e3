{#- Rendered by `fdwarehouse contract` for a source that it mounts and rolls back. -#}
CREATE FOREIGN TABLE {{ source.name | ident }}._pg_description (
    objoid oid,
    classoid oid,
    objsubid integer,
    description text
) SERVER {{ source.name | ident }} OPTIONS (schema_name 'pg_catalog', table_name 'pg_description');
COMMENT ON FOREIGN TABLE {{ source.name | ident }}._pg_description IS 'Comments of the source.';

-- The OID of a catalog, here of pg_class, is the same in every version.
CREATE VIEW {{ source.name | ident }}._comments AS
SELECT
    n.nspname AS schema_name,
    c.relname AS table_name,
    a.attname AS column_name,
    d.description
FROM {{ source.name | ident }}._pg_description AS d
INNER JOIN {{ source.name | ident }}._pg_class AS c ON d.objoid = c.oid
INNER JOIN {{ source.name | ident }}._pg_namespace AS n ON c.relnamespace = n.oid
LEFT JOIN {{ source.name | ident }}._pg_attribute AS a
    ON d.objoid = a.attrelid AND d.objsubid = a.attnum
WHERE d.classoid = 1259::oid AND n.nspname NOT IN ('pg_catalog', 'information_schema');
COMMENT ON VIEW {{ source.name | ident }}._comments IS 'Comments of tables and columns of the source. Grain: one comment; the column is null for that of a table.';
