CREATE FUNCTION etl.index_definition(p_index oid) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT
        replace( -- of a partitioned table the definition is meant for the parent alone
            pg_get_indexdef(oid),
            format('INDEX %I ON ONLY ', relname),
            format('INDEX %I ON ', relname)
        )
    FROM pg_class
    WHERE oid = p_index;
END;
COMMENT ON FUNCTION etl.index_definition IS
'The command that makes an index, of a partitioned table with those of its partitions.';
