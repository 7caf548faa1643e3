{#- Rendered once per source, and by `fdwarehouse contract` for one that is not mounted yet. -#}
CREATE VIEW {{ source.name | ident }}._tables AS
WITH schemas AS MATERIALIZED (
    SELECT
        oid,
        nspname
    FROM {{ source.name | ident }}._pg_namespace
    WHERE nspname NOT IN ('information_schema', 'fdwarehouse') AND nspname !~ '^pg_'
),

relations AS MATERIALIZED (
    SELECT
        oid,
        relname,
        relnamespace,
        relkind,
        relispartition
    FROM {{ source.name | ident }}._pg_class
    WHERE
        relkind IN ('r', 'p', 'v', 'm', 'f')
        AND relnamespace = ANY((SELECT array_agg(s.oid) FROM schemas AS s)::oid[])
),

children AS MATERIALIZED (
    SELECT
        inhrelid,
        inhparent
    FROM {{ source.name | ident }}._pg_inherits
),

tables_of_extensions AS MATERIALIZED (
    SELECT objid
    FROM {{ source.name | ident }}._pg_depend
    WHERE deptype = 'e' AND classid = 1259::oid -- pg_class
)

SELECT
    s.nspname AS schema_name,
    c.relname AS table_name,
    c.relkind IN ('r', 'p')
    AND NOT c.relispartition
    AND c.oid NOT IN (SELECT i.inhrelid FROM children AS i)
    AND c.oid NOT IN (SELECT e.objid FROM tables_of_extensions AS e) AS is_table,
    c.relkind = 'r' AND c.oid IN (SELECT i.inhparent FROM children AS i) AS has_children
FROM relations AS c
INNER JOIN schemas AS s ON c.relnamespace = s.oid;
COMMENT ON VIEW {{ source.name | ident }}._tables IS
'The present tables and views of the source, and whether patterns of warehouse.yaml match them: not views, partitions, children and tables of extensions. Grain: one table.';
