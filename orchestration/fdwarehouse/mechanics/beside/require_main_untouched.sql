-- SQL that is written by hand can make up names as it runs, and those are not renamed.
CREATE FUNCTION etl.require_main_untouched(p_changed_rows bigint) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT current_setting('track_counts')::boolean THEN
        RAISE EXCEPTION 'nothing shows whether rows of the main deployment would be changed'
            USING ERRCODE = 'DW024',
                DETAIL = 'PostgreSQL does not count rows: track_counts is off.',
                HINT = 'Set track_counts to on, its default, for this role and database.';
    END IF;
    IF etl.changed_rows_of_main() <> p_changed_rows THEN
        RAISE EXCEPTION 'rows of the main deployment would be changed'
            USING ERRCODE = 'DW024',
                HINT = 'Write names in SQL as they are, silver.name: those that it makes up as it runs are not renamed.';
    END IF;
END;
$$;
COMMENT ON FUNCTION etl.require_main_untouched IS
'Raises an error if this transaction has changed rows of the main deployment. Argument: what etl.changed_rows_of_main returned before. Errors: DW024.';
