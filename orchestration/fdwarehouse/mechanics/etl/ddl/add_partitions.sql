-- Dates come from a table or view with a _run_id, or from a function that returns the dates of the
-- rows that have changed since a run.
CREATE FUNCTION etl.add_partitions(p_table text, p_since_run_id bigint) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET datestyle = 'ISO'
AS $$
DECLARE
    v_choice etl.range_partitions;
    v_beginning timestamp;
BEGIN
    SELECT * INTO v_choice FROM etl.range_partitions WHERE table_name = p_table;
    IF NOT FOUND THEN
        RETURN;
    END IF;

    FOR v_beginning IN
        EXECUTE format(
            'SELECT DISTINCT date_trunc(%1$L, %2$I::timestamp) FROM %3$s AND isfinite(%2$I) ORDER BY 1',
            v_choice.every,
            v_choice.dates_column,
            v_choice.dates_table || CASE
                WHEN to_regclass(v_choice.dates_table) IS NULL THEN '($1) WHERE true'
                ELSE ' WHERE _run_id > $1'
            END
        )
        USING p_since_run_id
    LOOP
        PERFORM etl.add_partition(p_table, v_beginning, v_choice.every);
    END LOOP;
END;
$$;
COMMENT ON FUNCTION etl.add_partitions IS
'Creates the partitions of a table for new dates, if its header or warehouse.yaml defines any. Arguments: the table, the run after which dates are new (0: all are). Errors: DW015 a partition cannot be attached.';
