-- Autovacuum does not see rows of an open transaction, but the next step reads them.
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
'Analyzes a table if a step changed more than 50 rows plus a tenth of the table, the defaults of autovacuum.';
