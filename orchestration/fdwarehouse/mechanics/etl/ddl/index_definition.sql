CREATE FUNCTION etl.index_definition(p_index oid) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT
        replace( -- the definition for a partitioned table is that of the parent only
            pg_get_indexdef(oid),
            format('INDEX %I ON ONLY ', relname),
            format('INDEX %I ON ', relname)
        )
    FROM pg_class
    WHERE oid = p_index;
END;
COMMENT ON FUNCTION etl.index_definition IS
'Returns the command that creates an index; for a partitioned table, including the indexes of its partitions.';
