-- Creates the indexes and constraints that a failed first load still owes, so that migrations find
-- the tables as the files describe them. These tables are still empty; the next run defers the same
-- indexes again. Tables with an unfinished backfill are left to it.
DO $$
BEGIN
    IF to_regclass('etl.owed_definitions') IS NOT NULL THEN
        EXECUTE $query$
            WITH owing_tables AS (
                SELECT DISTINCT o.table_name
                FROM etl.owed_definitions AS o
                WHERE to_regclass(o.table_name) IS NOT NULL
                    AND NOT EXISTS (SELECT FROM etl.chunks AS c WHERE c.model = o.table_name)
            )

            SELECT count(etl.make_owed_definitions(table_name)) FROM owing_tables
        $query$;
    END IF;
END;
$$;
