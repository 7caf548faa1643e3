{%- set own = schemas if prefix else "'{etl,bronze,silver,gold}'" -%}
-- Revokes what PostgreSQL grants to PUBLIC, then grants each role the privileges that it needs.
-- Roles that do not exist yet are skipped: `fdwarehouse bootstrap` creates them.
DO $$
DECLARE
    v_command text;
BEGIN
    FOR v_command IN
        WITH routines AS (
            SELECT
                nspname,
                proname,
                p.oid::regprocedure AS signature,
                prokind = 'p' OR prosecdef AS is_called,
                -- functions with a run id belong to writers and read more than gold
                prokind = 'f' AND provolatile <> 'v' AND NOT prosecdef
                AND ('p_since_run_id' = ANY(proargnames)) IS NOT TRUE AS only_reads
            FROM pg_proc AS p
            INNER JOIN pg_namespace AS n ON p.pronamespace = n.oid
            WHERE nspname = ANY({{ schemas }}) AND pg_has_role(proowner, 'USAGE')
        ),

        tables AS (
            SELECT nspname, c.oid::regclass AS name
            FROM pg_class AS c
            INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
            WHERE nspname = ANY({{ own }})
                AND relkind IN ('r', 'p', 'v', 'm')
                AND NOT relispartition -- partitions are read through their table
                AND (nspname, relname) <> ({{ (prefix ~ 'etl') | literal }}, 'mask_keys')
                AND pg_has_role(relowner, 'USAGE')
        ),

        commands AS (
            SELECT 1 AS position, 'public' AS role, format('REVOKE ALL ON ROUTINE %s FROM', signature) AS command
            FROM routines
            UNION ALL
            -- The loader and the orchestrator may CALL: procedures, and the functions that give
            -- them the owner's privileges.
            SELECT 2, role, 'GRANT USAGE ON SCHEMA {{ own[2:-2] | replace(",", ", ") }} TO'
            FROM unnest('{warehouse_loader,warehouse_orchestrator}'::text[]) AS role
            UNION ALL
            SELECT 2, role, format('GRANT EXECUTE ON ROUTINE %s TO', signature)
            FROM routines, unnest('{warehouse_loader,warehouse_orchestrator}'::text[]) AS role
            WHERE is_called AND nspname = ANY({{ own }})
                AND ( -- what a channel was told is for who sends, and reads, alerts
                    role <> 'warehouse_loader'
                    OR (nspname, proname) NOT IN (
                        ({{ (prefix ~ 'etl') | literal }}, 'take_alert_channel'),
                        ({{ (prefix ~ 'etl') | literal }}, 'record_alert'),
                        ({{ (prefix ~ 'etl') | literal }}, 'release_alert_channel')
                    )
                )
            UNION ALL
            SELECT 2, 'warehouse_orchestrator', format('GRANT SELECT ON %s TO', name)
            FROM tables
            UNION ALL
            SELECT 2, 'warehouse_orchestrator', 'GRANT EXECUTE ON FUNCTION etl.in_words(interval) TO'
            UNION ALL
            -- The monitor reads numbers, and what is wrong without the rows that show it.
            SELECT 2, 'warehouse_monitor', command
            FROM unnest(
                ARRAY[
                    'GRANT USAGE ON SCHEMA etl TO',
                    'GRANT SELECT ON etl.metrics TO',
                    'GRANT SELECT (problem, kind, severity, subject, since, run_id, message, hint) '
                    'ON etl.problems TO',
                    'GRANT EXECUTE ON FUNCTION etl.lost_run(), etl.in_words(interval), '
                    'etl.error_of_run(bigint), etl.shows_rows(text) TO'
                ]
            ) AS command
            UNION ALL
            SELECT 2, role, 'GRANT EXECUTE ON FUNCTION etl.without_values(text, text, text) TO'
            FROM unnest('{warehouse_monitor,warehouse_orchestrator}'::text[]) AS role
            UNION ALL
            SELECT 2, 'warehouse_analyst', 'GRANT USAGE ON SCHEMA {{ prefix }}gold TO'
            UNION ALL
            SELECT 2, 'warehouse_analyst', format('GRANT SELECT ON %s TO', name)
            FROM tables
            WHERE nspname = {{ (prefix ~ 'gold') | literal }}
            UNION ALL
            SELECT 2, 'warehouse_analyst', format('GRANT EXECUTE ON ROUTINE %s TO', signature)
            FROM routines
            WHERE nspname = {{ (prefix ~ 'gold') | literal }} AND only_reads
        )

        SELECT command || ' ' || role
        FROM commands
        WHERE role = 'public' OR to_regrole(role) IS NOT NULL
        ORDER BY position
    LOOP
        EXECUTE v_command;
    END LOOP;
END;
$$;
