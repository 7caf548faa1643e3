-- History is never lost: columns are added but never dropped, and a type changes only if every
-- value survives the conversion to the new type and back.
CREATE FUNCTION etl.evolve_raw_table(
    p_table regclass,
    p_columns text[],
    p_key text[],
    p_time_zone text,
    p_partitions integer
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC' -- reset at the end of the function
AS $$
DECLARE
    v_column text;
    v_new_type text;
    v_old_type text;
    v_lost text;
    v_is_keyless boolean := false;
    v_constraint name := (
        SELECT relname || '_one_version_a_run' FROM pg_class WHERE oid = p_table
    );
    v_key text := (SELECT string_agg(quote_ident(k), ', ') FROM unnest(p_key) AS k);
    v_hashed text[] := ( -- the partition key; null if the table is not partitioned
        SELECT array_agg(a.attname)
        FROM pg_partitioned_table AS p
        INNER JOIN pg_attribute AS a ON p.partrelid = a.attrelid AND a.attnum = ANY(p.partattrs)
        WHERE p.partrelid = p_table AND p.partstrat = 'h'
    );
    v_partitions integer := (SELECT count(*) FROM pg_inherits WHERE inhparent = p_table);
    v_way_out text := 'Leave it as it is, or move its rows into a new table in a migration: '
        'see `fdwarehouse docs performance`.';
BEGIN
    -- A partitioned table without partitions was created just now.
    IF (v_hashed IS NOT NULL) <> (p_partitions > 0)
        OR NOT (v_hashed @> p_key AND v_hashed <@ p_key)
        OR (v_hashed IS NOT NULL AND v_partitions NOT IN (0, p_partitions))
    THEN
        RAISE EXCEPTION '% cannot be repartitioned in place', p_table
            USING ERRCODE = 'DW015',
                DETAIL = format(
                    'It has %s; warehouse.yaml specifies %s.',
                    coalesce(
                        v_partitions || ' partitions by ' || pg_get_partkeydef(p_table),
                        'no partitions'
                    ),
                    coalesce(nullif(p_partitions, 0) || ' by HASH (' || v_key || ')', 'none')
                ),
                HINT = v_way_out;
    END IF;

    PERFORM set_config('TimeZone', p_time_zone, true); -- the zone of timestamps without time zone

    FOR v_column, v_new_type, v_old_type IN
        SELECT
            p_columns[n][1],
            format_type(to_regtype(p_columns[n][2]), to_regtypemod(p_columns[n][2])),
            format_type(a.atttypid, a.atttypmod)
        FROM generate_subscripts(p_columns, 1) AS n
        LEFT JOIN pg_attribute AS a
            ON a.attrelid = p_table AND a.attname = p_columns[n][1] AND NOT a.attisdropped
    LOOP
        IF v_old_type IS NULL THEN
            EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s', p_table, v_column, v_new_type);
            -- The next run reads all rows, also if a migration has renamed a column of this name.
            DELETE FROM etl.watermarks WHERE model = p_table::text;
            DELETE FROM etl.chunks WHERE model = p_table::text;
            v_is_keyless := v_is_keyless OR v_column = ANY(p_key);
        ELSIF v_old_type <> v_new_type AND v_column = ANY(v_hashed) THEN
            RAISE EXCEPTION '%.% cannot become % in place', p_table, quote_ident(v_column), v_new_type
                USING ERRCODE = 'DW015',
                    DETAIL = format('It is %s, and the table is partitioned by it.', v_old_type),
                    HINT = v_way_out;
        ELSIF v_old_type <> v_new_type THEN
            BEGIN
                EXECUTE format(
                    'SELECT %1$I::text FROM %2$s
                    WHERE record_image_ne(ROW(%1$I), ROW(%1$I::%3$s::%4$s)) LIMIT 1',
                    v_column, p_table, v_new_type, v_old_type
                )
                INTO v_lost;
            EXCEPTION WHEN data_exception OR cannot_coerce THEN
                v_lost := SQLERRM;
            END;
            IF v_lost IS NOT NULL THEN
                RAISE EXCEPTION '%.% cannot become %', p_table, quote_ident(v_column), v_new_type
                    USING ERRCODE = 'DW012',
                        DETAIL = format('It is %s, and would lose: %s', v_old_type, v_lost),
                        HINT = format(
                            'Keep its history under another name, in a migration: '
                            'ALTER TABLE %s RENAME COLUMN %I TO %I; the deploy adds it again.',
                            p_table, v_column, v_column || '_before'
                        );
            END IF;
            EXECUTE format(
                'ALTER TABLE %1$s ALTER COLUMN %2$I TYPE %3$s USING %2$I::%3$s',
                p_table, v_column, v_new_type
            );
        END IF;
    END LOOP;

    IF v_is_keyless THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', p_table) INTO v_is_keyless;
    END IF;
    IF v_is_keyless THEN
        RAISE EXCEPTION 'the rows of % have no key (%)', p_table, v_key
            USING ERRCODE = 'DW012',
                DETAIL = 'The column is new, and they were loaded with another key.',
                HINT = 'Rename the table in a migration, so that it is loaded again.';
    END IF;

    IF NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conrelid = p_table
            AND conname = v_constraint
            AND pg_get_constraintdef(oid) = format('UNIQUE (%s, _run_id)', v_key)
    ) THEN
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', p_table, v_constraint);
        EXECUTE format(
            'ALTER TABLE %s ADD CONSTRAINT %I UNIQUE (%s, _run_id)', p_table, v_constraint, v_key
        );
    END IF;
EXCEPTION WHEN unique_violation THEN
    RAISE EXCEPTION '% has several versions of the same (%) in one run', p_table, v_key
        USING ERRCODE = 'DW012',
            DETAIL = SQLERRM,
            HINT = 'These columns were not a key when it was loaded. Use others in warehouse.yaml, '
                'or rename the table in a migration, so that it is loaded again.';
END;
$$;
COMMENT ON FUNCTION etl.evolve_raw_table IS
'Gives a table in bronze the columns, types and key of the contract. A column that is added makes the next run read all rows. Arguments: the table, pairs of column and type, the key, the time zone of the source, the number of partitions (0: an ordinary table). Errors: DW012 history would lose a value, or the key is not unique in it; DW015 the table would have to be repartitioned.';
