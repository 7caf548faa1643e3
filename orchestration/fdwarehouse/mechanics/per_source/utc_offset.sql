-- Local time can go back after the fence was read. Rows in the snapshot were stamped before it was
-- taken, and therefore before this function reads the clock in the same transaction.
CREATE FUNCTION {{ creates }}() RETURNS interval
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH clock AS (
        SELECT max(query_start) AS now FROM {{ source.name | ident }}._pg_stat_activity
    ),

    time_zone AS (
        SELECT coalesce(s.time_zone, g.reset_val) AS name
        FROM etl.sources AS s
        CROSS JOIN {{ source.name | ident }}._pg_settings AS g
        WHERE s.source_name = {{ source.name | literal }} AND g.name = 'TimeZone'
    )

    SELECT (c.now AT TIME ZONE z.name) - (c.now AT TIME ZONE 'UTC')
    FROM clock AS c
    CROSS JOIN time_zone AS z;
END;
COMMENT ON FUNCTION {{ creates }} IS
'Returns the current UTC offset of the source, in its own time zone.';
