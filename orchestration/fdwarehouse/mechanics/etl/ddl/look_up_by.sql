CREATE FUNCTION etl.look_up_by(p_table regclass, p_columns text[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT etl.is_looked_up_by(p_table, p_columns) THEN
        EXECUTE format(
            'CREATE INDEX ON %s (%s)',
            p_table,
            (
                SELECT string_agg(quote_ident(column_name), ', ' ORDER BY position)
                FROM unnest(p_columns) WITH ORDINALITY AS c (column_name, position)
            )
        );
    END IF;
EXCEPTION WHEN undefined_object THEN
    RETURN; -- a column has a type without an order
END;
$$;
COMMENT ON FUNCTION etl.look_up_by IS
'Creates the index by which a writer looks up rows of a table, unless there is one or the types do not permit it.';
