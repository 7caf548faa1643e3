-- A partition is made by itself and then attached: so it waits for no reader of the table, and no
-- reader waits for it. What has a place already, in whoever's partition, keeps it.
CREATE FUNCTION etl.add_partitions(p_table text, p_after_run_id bigint) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET datestyle = 'ISO'
AS $$
DECLARE
    v_choice etl.range_partitions;
    v_beginning timestamp;
    v_missing tsrange;
    v_partition text;
    v_held tsmultirange;
BEGIN
    SELECT * INTO v_choice FROM etl.range_partitions WHERE table_name = p_table;
    IF NOT FOUND THEN
        RETURN;
    END IF;

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

    FOR v_beginning IN
        EXECUTE format(
            'SELECT DISTINCT date_trunc(%1$L, %2$I::timestamp) FROM %3$s
            WHERE _run_id > $1 AND isfinite(%2$I) ORDER BY 1',
            v_choice.every, v_choice.dates_column, v_choice.dates_table
        )
        USING p_after_run_id
    LOOP
        FOR v_missing IN
            SELECT
                unnest(
                    tsmultirange(
                        tsrange(v_beginning, v_beginning + format('1 %s', v_choice.every)::interval)
                    ) - v_held
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
    END LOOP;
END;
$$;
COMMENT ON FUNCTION etl.add_partitions IS
'Makes the partitions of a table for dates that are new, if warehouse.yaml says so. Arguments: the table; dates of later runs than this one are looked at, 0 for all. Errors: DW015 there is no room for one.';
