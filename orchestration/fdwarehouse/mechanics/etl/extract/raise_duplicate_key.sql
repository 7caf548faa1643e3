CREATE FUNCTION etl.raise_duplicate_key(
    p_rows text, p_key jsonb, p_row_count bigint,
    p_hint text DEFAULT 'Its SELECT has to return one row per key.'
)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '% has several rows of one key', p_rows
        USING ERRCODE = 'DW014',
            DETAIL = format('Of key %s there are %s rows.', p_key, p_row_count),
            HINT = p_hint;
END;
$$;
COMMENT ON FUNCTION etl.raise_duplicate_key IS
'Ends the statement in which something was found to have several rows of one key. Arguments: what has them, the key, how many rows, the way out. Errors: DW014, always.';
