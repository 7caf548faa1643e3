-- A table that is one SELECT changes with it. Nothing is lost, because its rows can be computed
-- from the upstream tables. The next run computes the rows that change.
CREATE FUNCTION etl.evolve_table(
    p_table regclass,
    p_columns text[],
    p_constraints text[],
    p_own_columns text[] DEFAULT '{}',
    p_partitions text[] DEFAULT '{}'
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_table regclass := p_table;
    v_is_partitioned boolean := EXISTS (
        SELECT FROM pg_partitioned_table WHERE partrelid = p_table
    );
BEGIN
    -- A partition key can neither be dropped nor changed.
    IF v_is_partitioned
        AND NOT etl.is_partitioned_by(v_table, p_columns, p_partitions[1], p_partitions[2])
    THEN
        v_table := etl.repartition(v_table, NULL, NULL);
        v_is_partitioned := false;
    END IF;
    PERFORM etl.drop_superseded_constraints(v_table, p_constraints);
    PERFORM etl.evolve_columns(v_table, p_columns, p_own_columns);
    IF p_partitions <> '{}' AND NOT v_is_partitioned THEN
        v_table := etl.repartition(v_table, p_partitions[1], p_partitions[2]);
    END IF;
    PERFORM etl.add_constraints(v_table, p_constraints);
END;
$$;
COMMENT ON FUNCTION etl.evolve_table IS
'Gives a table that is one SELECT the columns, partitions and constraints that it should have. Arguments: the table; name, type and former name of each column; name and clause of each constraint; the columns that the engine adds; the column with the dates, and year or month, if it is partitioned.';
