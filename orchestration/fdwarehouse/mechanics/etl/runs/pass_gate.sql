CREATE FUNCTION etl.pass_gate() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    LOCK TABLE etl.gate IN ROW SHARE MODE NOWAIT;
EXCEPTION WHEN lock_not_available THEN
    RAISE EXCEPTION 'a deploy is under way'
        USING ERRCODE = 'DW006',
            DETAIL = etl.locked_by('{etl.gate}'),
            HINT = 'Try again when it has ended.';
END;
$$;
COMMENT ON FUNCTION etl.pass_gate IS
'Blocks deploys until the transaction ends. Errors: DW006 a deploy is under way.';
