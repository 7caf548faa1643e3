CREATE FUNCTION etl.require_known_checks(p_checks text[]) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER -- the loader has no privileges on the catalog
{{- settings.pinned() }}
AS $$
DECLARE
    v_unknown text;
BEGIN
    SELECT check_name INTO v_unknown
    FROM unnest(p_checks) AS asked (check_name)
    WHERE NOT EXISTS (SELECT FROM etl.checks AS c WHERE c.check_name = asked.check_name)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'unknown check %', quote_nullable(v_unknown)
            USING ERRCODE = 'DW003', HINT = 'SELECT check_name FROM etl.checks ORDER BY check_name;';
    END IF;
END;
$$;
COMMENT ON FUNCTION etl.require_known_checks IS
'Raises an error if a check does not exist. Argument: the names of checks (null: none). Errors: DW003.';
