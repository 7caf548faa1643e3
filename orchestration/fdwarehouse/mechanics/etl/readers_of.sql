CREATE FUNCTION etl.readers_of(p_model text) RETURNS SETOF text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT reader.model
    FROM etl.models AS m
    INNER JOIN pg_depend AS d
        ON d.refclassid = 'pg_class'::regclass
            AND d.refobjid = m.table_name::regclass
            AND d.classid = 'pg_proc'::regclass
    INNER JOIN etl.models AS reader ON d.objid = reader.writer::regproc
    WHERE m.model = p_model AND m.layer = reader.layer AND m.table_name <> reader.table_name
    GROUP BY reader.model;
END;
COMMENT ON FUNCTION etl.readers_of IS
'The models of the same layer whose writers read the table of a model, as the catalogue has it.';
