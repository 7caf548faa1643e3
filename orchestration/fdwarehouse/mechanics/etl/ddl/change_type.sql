CREATE FUNCTION etl.change_type(p_table regclass, p_column text, p_type text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format(
        'ALTER TABLE %s ALTER COLUMN %I TYPE %s USING %I::text::%s',
        p_table, p_column, p_type, p_column, p_type
    );
EXCEPTION WHEN data_exception OR cannot_coerce THEN
    -- The values cannot be converted; the next run computes them.
    EXECUTE format('ALTER TABLE %s DROP COLUMN %I', p_table, p_column);
    EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s', p_table, p_column, p_type);
END;
$$;
COMMENT ON FUNCTION etl.change_type IS
'Changes the type of a column of a table that is one SELECT. If its values cannot be converted, they are null until the next run. Arguments: table, column, type.';
