-- A partition is created as a separate table and then attached, so that neither it nor readers of
-- the partitioned table wait for each other. Ranges that an existing partition holds are left out.
CREATE FUNCTION etl.add_partition(p_table text, p_beginning timestamp, p_every text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET datestyle = 'ISO'
AS $$
DECLARE
    v_missing tsrange;
    v_partition text;
    v_held tsmultirange;
BEGIN
    SELECT
        coalesce(
            range_agg(
                tsrange(
                    nullif(b.bounds[1], 'MINVALUE')::timestamp,
                    nullif(b.bounds[2], 'MAXVALUE')::timestamp
                )
            ),
            '{}'
        )
    INTO STRICT v_held
    FROM pg_inherits AS i
    INNER JOIN pg_class AS c ON i.inhrelid = c.oid
    -- a default partition, which holds no range, does not match
    CROSS JOIN regexp_matches(
        pg_get_expr(c.relpartbound, c.oid), $re$FROM \('?(.+?)'?\) TO \('?(.+?)'?\)$re$
    ) AS b (bounds)
    WHERE i.inhparent = p_table::regclass;

    FOR v_missing IN
        SELECT
            unnest(
                tsmultirange(tsrange(p_beginning, p_beginning + format('1 %s', p_every)::interval))
                - v_held
            )
    LOOP
        SELECT
            format(
                '%I.%I',
                relnamespace::regnamespace,
                relname || to_char(lower(v_missing), '"_p"YYYYMMDD')
            )
        INTO STRICT v_partition
        FROM pg_class
        WHERE oid = p_table::regclass;

        IF to_regclass(v_partition) IS NOT NULL THEN
            RAISE EXCEPTION '% exists, but is not a partition of %', v_partition, p_table
                USING ERRCODE = 'DW015',
                    DETAIL = format('A partition for dates from %s is needed.', lower(v_missing)),
                    HINT = 'Attach it again, or rename it.';
        END IF;
        EXECUTE format(
            'CREATE TABLE %s (LIKE %s INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY)',
            v_partition, p_table
        );
        BEGIN
            EXECUTE format(
                'ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
                p_table, v_partition, lower(v_missing), upper(v_missing)
            );
        EXCEPTION WHEN check_violation THEN
            RAISE EXCEPTION 'the default partition of % has rows with dates from %',
                p_table, lower(v_missing)
                USING ERRCODE = 'DW015',
                    HINT = 'Detach it and copy its rows back after the next run, or remove the '
                        'table from partitions.';
        END;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION etl.add_partition IS
'Creates the partition of a table for one year or month, or for the part of it that no partition holds. Arguments: the table, the beginning of the range, year or month. Errors: DW015 the partition cannot be attached.';
