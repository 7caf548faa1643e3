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
    RETURN; -- an expression is not immutable, or its type has no order
END;
$$;
COMMENT ON FUNCTION etl.look_up_by_expressions IS
'Creates the index of expressions by which a writer looks up rows of a table, if the expressions permit it. Arguments: the table, the name of the index (different for different expressions), the expressions.';
