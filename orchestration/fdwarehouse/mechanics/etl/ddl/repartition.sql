-- PostgreSQL cannot partition or repartition a table in place, so a new table gets its name, rows,
-- indexes and privileges. The caller adds the constraints of the header.
CREATE FUNCTION etl.repartition(p_table regclass, p_column text, p_every text) RETURNS regclass
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_table text := p_table::text;
    v_before text;
    v_before_name text;
    v_columns text;
    v_command text;
    v_commands text[];
    v_beginning timestamp;
    v_detail text;
BEGIN
    PERFORM etl.require_nothing_else(p_table);
    v_commands := etl.definitions_beside_constraints(p_table);
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO STRICT v_columns
    FROM pg_attribute
    WHERE attrelid = p_table AND attnum > 0 AND NOT attisdropped AND attgenerated = '';

    FOR v_command IN -- foreign keys of headers become checks while the table is partitioned
        SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname)
        FROM pg_constraint
        WHERE confrelid = p_table AND conparentid = 0 AND conname LIKE '%\_\_references'
    LOOP
        EXECUTE v_command;
    END LOOP;
    SELECT left('_' || relname, 63) INTO STRICT v_before_name FROM pg_class WHERE oid = p_table;
    EXECUTE format('ALTER TABLE %s RENAME TO %I', v_table, v_before_name);
    v_before := p_table::text;
    EXECUTE format(
        'CREATE TABLE %s (LIKE %s INCLUDING ALL EXCLUDING INDEXES EXCLUDING CONSTRAINTS)%s',
        v_table, v_before, ' PARTITION BY RANGE (' || quote_ident(p_column) || ')'
    );
    PERFORM etl.drop_superseded_constraints(v_table::regclass, '{}');

    IF p_column IS NOT NULL THEN
        FOR v_beginning IN
            EXECUTE format(
                'SELECT DISTINCT date_trunc(%1$L, %2$I::timestamp) FROM %3$s WHERE isfinite(%2$I)',
                p_every, p_column, v_before
            )
        LOOP
            PERFORM etl.add_partition(v_table, v_beginning, p_every);
        END LOOP;
    END IF;
    EXECUTE format(
        'INSERT INTO %1$s (%2$s) SELECT %2$s FROM %3$s%4$s',
        v_table, v_columns, v_before, ' WHERE isfinite(' || quote_ident(p_column) || ')'
    );

    BEGIN
        EXECUTE format('DROP TABLE %s', v_before);
    EXCEPTION WHEN dependent_objects_still_exist THEN
        GET STACKED DIAGNOSTICS v_detail = PG_EXCEPTION_DETAIL;
        RAISE EXCEPTION '% cannot be repartitioned: other objects depend on it', v_table
            USING ERRCODE = 'DW015',
                DETAIL = replace(v_detail, v_before, v_table),
                HINT = 'A new table replaces it: drop the objects that depend on it, deploy, and '
                    'create them again.';
    END;
    FOREACH v_command IN ARRAY v_commands LOOP
        EXECUTE v_command;
    END LOOP;
    RETURN v_table::regclass;
END;
$$;
COMMENT ON FUNCTION etl.repartition IS
'Replaces a table that is one SELECT by a partitioned table, or by an ordinary one (column null), with its rows, indexes and privileges, but without constraints. Arguments: the table, the column with the dates, year or month. Returns the new table. Errors: DW015 the old table has something that cannot be recreated.';
