CREATE FUNCTION etl.require_range_partitions() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_choice etl.range_partitions;
    v_column text;
    v_type regtype;
BEGIN
    FOR v_choice IN SELECT * FROM etl.range_partitions LOOP
        SELECT a.attname, a.atttypid INTO v_column, v_type
        FROM pg_partitioned_table AS p
        INNER JOIN pg_attribute AS a ON p.partrelid = a.attrelid AND p.partattrs[0] = a.attnum
        WHERE p.partrelid = to_regclass(v_choice.table_name)
            AND p.partstrat = 'r'
            AND p.partnatts = 1
            AND a.atttypid IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype);
        IF NOT FOUND THEN
            RAISE EXCEPTION '% is not partitioned by a date', v_choice.table_name
                USING ERRCODE = 'DW015',
                    DETAIL = format(
                        'It is %s; warehouse.yaml defines one partition per %s.',
                        coalesce(
                            'partitioned by '
                            || pg_get_partkeydef(to_regclass(v_choice.table_name)),
                            'an ordinary table'
                        ),
                        v_choice.every
                    ),
                    HINT = 'Remove it from partitions, or move its rows into a new table in a '
                        'migration: see `fdwarehouse docs performance`.';
        END IF;

        IF to_regproc(v_choice.dates_table) IS NULL AND (
            SELECT count(*) FROM pg_attribute
            WHERE attrelid = to_regclass(v_choice.dates_table)
                AND (attname = '_run_id' OR (attname = v_choice.dates_column AND atttypid = v_type))
        ) < 2 THEN
            RAISE EXCEPTION 'warehouse.yaml: partitions.%.dates: % has no column % of type %',
                v_choice.table_name, v_choice.dates_table, v_choice.dates_column, v_type
                USING ERRCODE = 'DW015',
                    HINT = format(
                        'Use the column that %s comes from, in a table or view with a _run_id.',
                        v_column
                    );
        END IF;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION etl.require_range_partitions IS
'Raises an error if partitions by a date cannot be created. Errors: DW015 the table is not partitioned by a date, or the table with its dates lacks a column.';
