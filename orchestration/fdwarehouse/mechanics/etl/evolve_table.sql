-- A table that is one SELECT follows it: its rows can be computed from what is upstream, so nothing
-- is lost. What a deploy adds holds for rows that are written from then on (NOT VALID): those that
-- are there are computed again in the next run.
CREATE FUNCTION etl.evolve_table(p_table regclass, p_columns text[], p_constraints text[])
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_name text;
    v_type text;
    v_former text;
    v_old_type text;
    v_clause text;
    v_wanted text[] := (
        SELECT array_agg(p_columns[n][1]) FROM generate_subscripts(p_columns, 1) AS n
    );
    v_has_rows boolean;
BEGIN
    -- Ours are told by their comment, which is the clause.
    FOR v_name IN
        SELECT c.conname
        FROM pg_constraint AS c
        WHERE c.conrelid = p_table
            AND c.conname LIKE '%\_\_%'
            AND NOT EXISTS (
                SELECT FROM generate_subscripts(p_constraints, 1) AS n
                WHERE p_constraints[n][1] = c.conname
                    AND p_constraints[n][2] = obj_description(c.oid, 'pg_constraint')
            )
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', p_table, v_name);
    END LOOP;

    FOR v_name, v_type, v_former IN
        SELECT
            p_columns[n][1],
            format_type(to_regtype(p_columns[n][2]), to_regtypemod(p_columns[n][2])),
            p_columns[n][3]
        FROM generate_subscripts(p_columns, 1) AS n
    LOOP
        v_old_type := (
            SELECT format_type(a.atttypid, a.atttypmod)
            FROM pg_attribute AS a
            WHERE a.attrelid = p_table AND a.attname = v_name AND NOT a.attisdropped
        );
        IF v_old_type IS NULL AND EXISTS (
            SELECT FROM pg_attribute AS a
            WHERE a.attrelid = p_table AND a.attname = v_former AND NOT a.attisdropped
        ) THEN
            EXECUTE format('ALTER TABLE %s RENAME COLUMN %I TO %I', p_table, v_former, v_name);
        ELSIF v_old_type IS NULL THEN
            EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s', p_table, v_name, v_type);
        ELSIF v_old_type <> v_type THEN
            EXECUTE format(
                'ALTER TABLE %s ALTER COLUMN %I TYPE %s USING %I::text::%s',
                p_table, v_name, v_type, v_name, v_type
            );
        END IF;
    END LOOP;

    FOR v_name IN
        SELECT a.attname
        FROM pg_attribute AS a
        WHERE a.attrelid = p_table
            AND a.attnum > 0
            AND NOT a.attisdropped
            AND a.attname <> ALL(v_wanted || '_run_id'::text)
    LOOP
        EXECUTE format('ALTER TABLE %s DROP COLUMN %I', p_table, v_name);
    END LOOP;

    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', p_table) INTO v_has_rows;
    FOR v_name, v_clause IN
        SELECT p_constraints[n][1], p_constraints[n][2]
        FROM generate_subscripts(p_constraints, 1) AS n
        WHERE NOT EXISTS (
            SELECT FROM pg_constraint AS c
            WHERE c.conrelid = p_table AND c.conname = p_constraints[n][1]
        )
        ORDER BY n
    LOOP
        IF v_has_rows AND v_clause ~ '^(PRIMARY KEY|UNIQUE)' THEN
            -- another grain: what is there has no place in it
            EXECUTE format('TRUNCATE %s', p_table);
            v_has_rows := false;
        END IF;
        EXECUTE format(
            'ALTER TABLE %s ADD CONSTRAINT %I %s%s',
            p_table, v_name, v_clause, CASE WHEN v_has_rows THEN ' NOT VALID' END
        );
        EXECUTE format('COMMENT ON CONSTRAINT %I ON %s IS %L', v_name, p_table, v_clause);
    END LOOP;
END;
$$;
COMMENT ON FUNCTION etl.evolve_table IS
'Gives a table that is one SELECT the columns and constraints that it should have. Arguments: the table; name, type and former name of each column; name and clause of each constraint.';
