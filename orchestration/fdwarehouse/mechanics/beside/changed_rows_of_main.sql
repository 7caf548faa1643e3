-- PostgreSQL counts for the session, and adds its counts to the statistics between transactions: only
-- a difference within one transaction means something.
CREATE FUNCTION etl.changed_rows_of_main() RETURNS bigint
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)
    FROM pg_stat_xact_all_tables
    WHERE schemaname IN ('etl', 'bronze', 'silver', 'gold');
END;
COMMENT ON FUNCTION etl.changed_rows_of_main IS
'Returns how many rows of the main deployment this session has changed since some time before its transaction.';
