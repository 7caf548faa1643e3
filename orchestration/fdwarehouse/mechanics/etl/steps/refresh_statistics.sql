-- Rows written in this transaction have no statistics yet, and the next step plans with them.
CREATE FUNCTION etl.refresh_statistics(p_table text, p_counts etl.row_counts) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF p_counts.rows_inserted + p_counts.rows_updated + p_counts.rows_deleted
        > 50 + 0.1 * (SELECT greatest(reltuples, 0) FROM pg_class WHERE oid = p_table::regclass)
    THEN
        EXECUTE format('ANALYZE %s', p_table::regclass);
    END IF;
END;
$$;
COMMENT ON FUNCTION etl.refresh_statistics IS
'Analyzes a table when a step changed more than a tenth of it, and 50 rows, which is when autovacuum would.';
