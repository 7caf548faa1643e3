CREATE FUNCTION etl.raise_duplicate_key(
    p_rows text, p_key jsonb, p_row_count bigint,
    p_hint text DEFAULT 'Its SELECT must return one row per key.'
)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '% has duplicate keys', p_rows
        USING ERRCODE = 'DW014',
            DETAIL = format('Key %s has %s rows.', p_key, p_row_count),
            HINT = p_hint;
END;
$$;
COMMENT ON FUNCTION etl.raise_duplicate_key IS
'Raises an error for duplicate keys. Arguments: the table or source that has them, the key, its number of rows, a hint. Errors: DW014, always.';
