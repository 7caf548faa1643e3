-- A constraint that a deploy adds to a table with rows is NOT VALID: it holds for rows written from
-- then on. The next run computes the existing rows again.
CREATE FUNCTION etl.add_constraints(p_table regclass, p_constraints text[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_name text;
    v_clause text;
    v_key_name text;
    v_key_clause text;
    v_not_valid text;
BEGIN
    FOR v_name, v_clause IN
        SELECT p_constraints[n][1], p_constraints[n][2]
        FROM generate_subscripts(p_constraints, 1) AS n
        WHERE NOT EXISTS (
            SELECT FROM pg_constraint AS c
            WHERE c.conrelid = p_table
                AND c.conname = p_constraints[n][1]
                AND p_constraints[n][2] = obj_description(c.oid, 'pg_constraint')
        )
        ORDER BY n
    LOOP
        IF v_clause LIKE 'PRIMARY KEY%' THEN
            SELECT conname, pg_get_constraintdef(oid) INTO v_key_name, v_key_clause
            FROM pg_constraint
            WHERE conrelid = p_table AND contype = 'p';
            IF v_key_clause = v_clause AND v_key_name <> v_name THEN
                EXECUTE format(
                    'ALTER TABLE %s RENAME CONSTRAINT %I TO %I', p_table, v_key_name, v_name
                );
            ELSIF v_key_clause IS DISTINCT FROM v_clause THEN
                IF v_key_name IS NOT NULL THEN
                    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', p_table, v_key_name);
                END IF;
                PERFORM etl.add_unique_constraint(p_table, v_name, v_clause);
            END IF;
        ELSIF v_clause ~ '^(UNIQUE|EXCLUDE)' THEN
            PERFORM etl.add_unique_constraint(p_table, v_name, v_clause);
        ELSE
            EXECUTE format(
                'SELECT CASE WHEN EXISTS (SELECT FROM %s) THEN '' NOT VALID'' END', p_table
            )
            INTO v_not_valid;
            EXECUTE format(
                'ALTER TABLE %s ADD CONSTRAINT %I %s%s', p_table, v_name, v_clause, v_not_valid
            );
        END IF;
        EXECUTE format('COMMENT ON CONSTRAINT %I ON %s IS %L', v_name, p_table, v_clause);
    END LOOP;
END;
$$;
COMMENT ON FUNCTION etl.add_constraints IS
'Adds the constraints of its header to a table that is one SELECT. Renames an existing primary key of the same columns instead of replacing it, so that foreign keys to it stay. Arguments: the table; name and clause of each constraint.';
