CREATE FUNCTION etl.is_named(p_raw_table text, p_table text) RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT p_raw_table IN (
        p_table,
        'bronze.' || p_table,
        'bronze.' || quote_ident(p_table),
        'bronze.' || quote_ident('raw_' || p_table)
    );
END;
COMMENT ON FUNCTION etl.is_named IS
'Whether users mean a table of bronze: by its name, with or without its schema, or by the name in the source. Arguments: the table in bronze, what the user says.';
