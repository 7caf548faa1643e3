CREATE FUNCTION etl.add_unique_constraint(p_table regclass, p_name text, p_clause text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', p_table, p_name, p_clause);
EXCEPTION WHEN unique_violation OR not_null_violation OR exclusion_violation THEN
    -- The grain has changed, and the existing rows do not fit it. The next run computes all rows.
    EXECUTE format('DELETE FROM %s', p_table);
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', p_table, p_name, p_clause);
END;
$$;
COMMENT ON FUNCTION etl.add_unique_constraint IS
'Adds a primary key, a unique or an exclusion constraint to a table that is one SELECT. If its rows violate the constraint, empties the table until the next run. Arguments: table, name, clause.';
