CREATE FUNCTION etl.refuse_twins(p_key jsonb, p_row_count bigint) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'the source has several rows of one key'
        USING ERRCODE = 'DW014',
            DETAIL = format('Of key %s there are %s rows.', p_key, p_row_count),
            HINT = 'Name the columns in warehouse.yaml that are its key in production.';
END;
$$;
COMMENT ON FUNCTION etl.refuse_twins IS
'Ends the statement in which a table was found to have several rows of one key. Arguments: the key, how many rows. Errors: DW014, always.';
