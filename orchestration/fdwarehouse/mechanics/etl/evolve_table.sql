-- A table that is one SELECT follows it: its rows can be computed from what is upstream, so nothing
-- is lost, and the next run computes those that the SELECT says otherwise now.
CREATE FUNCTION etl.evolve_table(
    p_table regclass, p_columns text[], p_constraints text[], p_own_columns text[] DEFAULT '{}'
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM etl.drop_superseded_constraints(p_table, p_constraints);
    PERFORM etl.evolve_columns(p_table, p_columns, p_own_columns);
    PERFORM etl.add_constraints(p_table, p_constraints);
END;
$$;
COMMENT ON FUNCTION etl.evolve_table IS
'Gives a table that is one SELECT the columns and constraints that it should have. Arguments: the table; name, type and former name of each column; name and clause of each constraint; columns that the engine adds.';
