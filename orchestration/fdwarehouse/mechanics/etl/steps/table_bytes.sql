-- Not pg_partition_tree, which would lock each partition.
CREATE FUNCTION etl.table_bytes(p_table text) RETURNS bigint
LANGUAGE sql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
WITH RECURSIVE parts AS (
    SELECT to_regclass(p_table)::oid AS oid
    UNION ALL
    SELECT i.inhrelid
    FROM parts AS p
    INNER JOIN pg_inherits AS i ON p.oid = i.inhparent
)

SELECT sum(pg_total_relation_size(oid))::bigint FROM parts
$$;
COMMENT ON FUNCTION etl.table_bytes IS
'Returns the size of a table with its partitions, indexes and TOAST, in bytes; null if there is no such table.';
