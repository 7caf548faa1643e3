CREATE FUNCTION etl.require_nothing_else(p_table regclass) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_found text;
BEGIN
    SELECT string_agg(found.name, ', ' ORDER BY found.name) INTO v_found
    FROM (
        SELECT format('trigger %I', tgname) FROM pg_trigger
        WHERE tgrelid = p_table AND NOT tgisinternal AND tgparentid = 0
        UNION ALL
        SELECT format('policy %I', polname) FROM pg_policy WHERE polrelid = p_table
        UNION ALL
        SELECT 'row level security' FROM pg_class WHERE oid = p_table AND relrowsecurity
        UNION ALL
        SELECT format('rule %I', rulename) FROM pg_rewrite WHERE ev_class = p_table
        UNION ALL
        SELECT format('publication %I', p.pubname)
        FROM pg_publication_rel AS r
        INNER JOIN pg_publication AS p ON r.prpubid = p.oid
        WHERE r.prrelid = p_table
    ) AS found (name);
    IF v_found IS NOT NULL THEN
        RAISE EXCEPTION '% cannot be repartitioned: it has %', p_table, v_found
            USING ERRCODE = 'DW015',
                DETAIL = 'The new table that replaces it would not have them.',
                HINT = 'Drop them, deploy, and create them again.';
    END IF;
END;
$$;
COMMENT ON FUNCTION etl.require_nothing_else IS
'Raises an error if a table to be replaced has more than rows, columns, constraints, indexes and privileges. Argument: the table. Errors: DW015.';
