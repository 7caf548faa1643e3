-- An alias or an expression hides what a column of the rows stands for. So where columns are
-- masked, a check shows its rows only if none of the tables that it reads has one, and if these are
-- all that it reads: no function that deploy does not know, no table of a source, no log of rows.
-- noqa: disable=LT02
CREATE FUNCTION etl.shows_rows(p_check_name text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER -- who only watches may not read what is known of tables
{{- settings.pinned() }}
BEGIN ATOMIC
    SELECT
        NOT EXISTS (SELECT FROM etl.source_columns AS m WHERE m.mask IS NOT NULL)
        OR EXISTS (
            SELECT FROM etl.checks AS c
            WHERE c.check_name = p_check_name
                AND c.reads <> '{}'
                AND NOT EXISTS (
                    SELECT FROM etl.columns AS k
                    WHERE k.table_name = ANY(c.reads) AND k.is_masked
                )
        )
        AND NOT EXISTS (
            SELECT FROM pg_proc AS p
            INNER JOIN pg_depend AS d ON p.oid = d.objid AND d.classid = 'pg_proc'::regclass
            LEFT JOIN pg_class AS r ON d.refclassid = 'pg_class'::regclass AND d.refobjid = r.oid
            LEFT JOIN pg_proc AS f ON d.refclassid = 'pg_proc'::regclass AND d.refobjid = f.oid
            INNER JOIN pg_namespace AS n ON coalesce(r.relnamespace, f.pronamespace) = n.oid
            WHERE p.pronamespace = to_regnamespace('etl')
                AND p.proname = 'check_' || p_check_name
                AND NOT CASE
                    WHEN n.oid <> to_regnamespace('etl')
                        THEN coalesce(
                            format('%I.%I', n.nspname, r.relname)
                            IN (SELECT t.table_name FROM etl.tables AS t),
                            false
                        )
                    WHEN r.oid IS NULL THEN NOT starts_with(f.proname, 'check_')
                    ELSE
                        r.relname = ANY(
                            '{watermarks,fences,sources,pipeline_steps,tables,columns}'
                        )
                END
        );
END;
COMMENT ON FUNCTION etl.shows_rows IS
'Whether the rows that a check found may be shown: no value of a masked column can be among them. Argument: the check.';
