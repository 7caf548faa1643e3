-- Creates the indexes and constraints that a failed first load has deferred, so that migrations
-- find the tables as the files describe them. These tables are still empty; the next run defers the
-- same indexes again. Tables with an unfinished backfill are left to it.
DO $$
DECLARE
    -- their names in the deployed release
    v_deferred regclass := coalesce(
        to_regclass('etl.deferred_indexes'), to_regclass('etl.owed_definitions')
    );
    v_create regproc := coalesce(
        to_regproc('etl.create_deferred_indexes'), to_regproc('etl.make_owed_definitions')
    );
BEGIN
    IF v_deferred IS NOT NULL THEN
        EXECUTE format(
            $query$
            WITH unfinished_tables AS (
                SELECT DISTINCT d.table_name
                FROM %s AS d
                WHERE to_regclass(d.table_name) IS NOT NULL
                    AND NOT EXISTS (SELECT FROM etl.chunks AS c WHERE c.model = d.table_name)
            )

            SELECT count(%s(table_name)) FROM unfinished_tables
            $query$,
            v_deferred, v_create
        );
    END IF;
END;
$$;
