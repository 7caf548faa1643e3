CREATE FUNCTION etl.locked_by(p_tables regclass[]) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH holders AS (
        SELECT DISTINCT
            l.pid,
            l.mode,
            l.relation::regclass::text AS relation,
            a.usename,
            a.application_name
        FROM pg_locks AS l
        LEFT JOIN pg_stat_activity AS a ON l.pid = a.pid
        WHERE
            l.locktype = 'relation'
            AND l.granted
            AND l.pid <> pg_backend_pid()
            AND l.database = (
                SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()
            )
            AND l.relation = ANY(p_tables)
        ORDER BY l.pid
        LIMIT 5
    )

    SELECT
        coalesce(
            string_agg(
                format(
                    'Process %s of role %s (%s) holds %s on %s.',
                    pid, usename, coalesce(nullif(application_name, ''), 'no name'), mode, relation
                ),
                E'\n'
            ),
            'No session holds the lock any longer.'
        )
    FROM holders;
END;
COMMENT ON FUNCTION etl.locked_by IS
'Describes which other sessions hold locks on tables. Argument: the tables.';
