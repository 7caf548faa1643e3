-- Local time can go back after the fence was read. What the snapshot shows was stamped before the
-- snapshot was taken, and so before this looks at the clock on the wall in the same transaction.
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
'Offset from UTC of the clock on the wall of the source now, in its own time zone.';
