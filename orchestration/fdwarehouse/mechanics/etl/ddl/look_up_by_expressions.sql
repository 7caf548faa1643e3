CREATE FUNCTION etl.look_up_by_expressions(p_table regclass, p_name text, p_expressions text[])
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format(
        'CREATE INDEX IF NOT EXISTS %I ON %s ((%s))',
        p_name, p_table, array_to_string(p_expressions, '), (')
    );
EXCEPTION WHEN invalid_object_definition OR undefined_object THEN
    RETURN; -- an index has values that depend on their row alone, of types that have an order
END;
$$;
COMMENT ON FUNCTION etl.look_up_by_expressions IS
'Creates the index of expressions by which a writer looks rows of a table up, where there can be one. Arguments: the table, the name of the index, which tells the expressions apart, the expressions.';
