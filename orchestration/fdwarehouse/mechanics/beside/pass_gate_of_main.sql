CREATE FUNCTION etl.pass_gate_of_main() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    LOCK TABLE {{ main_etl }}.gate IN ROW SHARE MODE NOWAIT;
EXCEPTION WHEN lock_not_available THEN
    RAISE EXCEPTION 'a deploy of the main deployment is under way'
        USING ERRCODE = 'DW006', HINT = 'Try again when it has ended.';
END;
$$;
COMMENT ON FUNCTION etl.pass_gate_of_main IS
'Blocks deploys of the main deployment until the transaction ends. Errors: DW006 one is under way.';
