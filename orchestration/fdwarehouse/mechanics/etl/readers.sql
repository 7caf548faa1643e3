CREATE VIEW etl.readers AS
SELECT
    m.model,
    reader.model AS reader
FROM etl.models AS reader
INNER JOIN pg_depend AS d
    ON d.classid = 'pg_proc'::regclass
        AND d.objid = reader.writer::regproc
        AND d.refclassid = 'pg_class'::regclass
INNER JOIN etl.models AS m
    ON d.refobjid = m.table_name::regclass
        AND reader.layer = m.layer
        AND reader.table_name <> m.table_name
GROUP BY m.model, reader.model;
COMMENT ON VIEW etl.readers IS
'Which steps read the tables of others of their layer, as the catalogue has it. Grain: one step and one that reads its table.';
