-- A check that found rows a year ago would otherwise read the changes of a year in each run.
CREATE FUNCTION etl.looks_again(p_run_id bigint, p_tables text[]) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE parts AS (
        SELECT c.oid
        FROM unnest(p_tables) AS t (table_name)
        INNER JOIN pg_class AS c ON c.oid = to_regclass(t.table_name)
        UNION ALL
        SELECT i.inhrelid
        FROM parts AS p
        INNER JOIN pg_inherits AS i ON p.oid = i.inhparent
    )

    SELECT
        EXISTS (
            SELECT FROM etl.steps AS s
            INNER JOIN etl.pipeline_steps AS m ON s.model = m.model
            WHERE s.run_id = p_run_id AND m.interval_between IS NOT NULL
        )
        OR (
            SELECT coalesce(sum(greatest(c.reltuples, 0)), 0) <= 100000
            FROM parts AS p
            INNER JOIN pg_class AS c ON p.oid = c.oid
        );
END;
COMMENT ON FUNCTION etl.looks_again IS
'Whether checks of a run also look at older rows, those among which they found some before: if their tables are small (100,000 rows by their statistics), or if the run compares tables with production as a whole. Otherwise the cost of a run would no longer follow what changed. Arguments: the run, the tables.';
