-- A partition is created by itself and then attached: so it waits for no reader of the table, and
-- no reader waits for it. What has a place already, in whoever's partition, keeps it.
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
            RAISE EXCEPTION '% is there, but is no partition of %', v_partition, p_table
                USING ERRCODE = 'DW015',
                    DETAIL = format('There are dates from %s on.', lower(v_missing)),
                    HINT = 'Attach it again, or give it another name.';
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
            RAISE EXCEPTION 'the default partition of % has rows from % on',
                p_table, lower(v_missing)
                USING ERRCODE = 'DW015',
                    HINT = 'Detach it and copy its rows back when the others are there, or '
                        'take the table out of partitions.';
        END;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION etl.add_partition IS
'Creates the partition of a table for one year or month, or what of it no partition holds. Arguments: the table, when it begins, year or month. Errors: DW015 there is no room for it.';
