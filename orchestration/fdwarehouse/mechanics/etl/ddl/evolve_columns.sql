CREATE FUNCTION etl.evolve_columns(
    p_table regclass, p_columns text[], p_own_columns text[]
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_wanted text[] := (
        SELECT array_agg(p_columns[n][1]) FROM generate_subscripts(p_columns, 1) AS n
    );
    v_name text;
    v_type text;
    v_former text;
    v_now record;
BEGIN
    FOR v_name, v_type, v_former IN
        SELECT
            p_columns[n][1],
            format_type(to_regtype(p_columns[n][2]), to_regtypemod(p_columns[n][2])),
            p_columns[n][3]
        FROM generate_subscripts(p_columns, 1) AS n
    LOOP
        SELECT a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attgenerated, a.attidentity
        INTO v_now
        FROM pg_attribute AS a
        WHERE a.attrelid = p_table AND a.attname IN (v_name, v_former) AND NOT a.attisdropped
        ORDER BY a.attname = v_name DESC
        LIMIT 1;
        IF NOT FOUND THEN
            EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s', p_table, v_name, v_type);
            CONTINUE;
        END IF;
        IF v_now.attname <> v_name THEN
            EXECUTE format('ALTER TABLE %s RENAME COLUMN %I TO %I', p_table, v_former, v_name);
        END IF;
        IF v_now.attgenerated <> '' THEN -- its values now come from the SELECT
            EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP EXPRESSION', p_table, v_name);
        END IF;
        IF v_now.type <> v_type THEN
            PERFORM etl.change_type(p_table, v_name, v_type);
        END IF;
    END LOOP;

    FOR v_name IN
        SELECT a.attname
        FROM pg_attribute AS a
        WHERE a.attrelid = p_table
            AND a.attnum > 0
            AND NOT a.attisdropped
            AND a.attname <> ALL(v_wanted || p_own_columns)
            AND a.attname NOT LIKE '\_%'
    LOOP
        EXECUTE format('ALTER TABLE %s DROP COLUMN %I', p_table, v_name);
    END LOOP;
END;
$$;
COMMENT ON FUNCTION etl.evolve_columns IS
'Adds, renames, retypes and drops columns of a table that is one SELECT. Columns that begin with an underscore are left unchanged. Arguments: the table; name, type and former name (null: none) of each column that it should have; the columns that the engine adds, which are left unchanged.';
