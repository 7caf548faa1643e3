-- Updates the tables that describe the project, such as etl.pipeline_steps, from
-- deploy/project.sql.
CREATE OR REPLACE PROCEDURE pg_temp.store_rows(p_table regclass, p_rows jsonb)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- *= compares the stored bytes: 24 hours and 1 day are different intervals.
    EXECUTE format(
        $query$
        DELETE FROM %1$s AS stored
        WHERE NOT EXISTS (
            SELECT FROM jsonb_populate_recordset(NULL::%1$s, $1) AS wanted WHERE wanted *= stored
        )
        $query$,
        p_table
    ) USING p_rows;
    EXECUTE format(
        $query$
        INSERT INTO %1$s
        SELECT wanted.* FROM jsonb_populate_recordset(NULL::%1$s, $1) AS wanted
        WHERE NOT EXISTS (SELECT FROM %1$s AS stored WHERE wanted *= stored)
        $query$,
        p_table
    ) USING p_rows;
END;
$$;
COMMENT ON PROCEDURE pg_temp.store_rows IS
'Makes a table have exactly the given rows. Unchanged rows are not written. Arguments: the table; its rows, as an array of objects with its columns.';

DO $$
DECLARE
    v_table text;
    v_rows jsonb;
BEGIN
    FOR v_table, v_rows IN
        SELECT t.key, t.value FROM pg_temp.project AS p, jsonb_each(p.rows_by_table) AS t
    LOOP
        CALL pg_temp.store_rows(v_table, v_rows);
    END LOOP;
    PERFORM etl.require_range_partitions();
END;
$$;
