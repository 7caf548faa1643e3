-- A mask that is new would leave the values that were stored before it.
CREATE FUNCTION etl.require_masked(
    p_table regclass, p_source text, p_source_table text, p_masked text[]
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_column text;
    v_is_stored boolean;
BEGIN
    FOR v_column IN
        SELECT a.attname
        FROM pg_attribute AS a
        LEFT JOIN etl.source_columns AS c -- as of the last deploy
            ON c.source_name = p_source AND c.table_name = p_source_table AND c.column_name = a.attname
        WHERE a.attrelid = p_table
            AND a.attname = ANY(p_masked)
            AND NOT a.attisdropped
            AND c.mask IS NULL
        ORDER BY a.attnum
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE %I IS NOT NULL)', p_table, v_column)
        INTO v_is_stored;
        IF v_is_stored THEN
            RAISE EXCEPTION '% has values of column % from before it was masked', p_table, v_column
                USING ERRCODE = 'DW022',
                    HINT = format(
                        'DROP TABLE %s in a migration, with the tables of silver and gold that have '
                        'the column: the next run loads them again, masked. Their history is lost: '
                        'earlier versions, and rows that production has deleted.',
                        p_table
                    );
        END IF;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION etl.require_masked IS
'Raises an error if a table of bronze has values of columns from before these were masked. Arguments: the table, the source, the table there as the contract names it, the columns that are masked. Errors: DW022 it has.';
