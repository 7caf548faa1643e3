CREATE FUNCTION etl.attempt(p_statement text, p_model text DEFAULT NULL) RETURNS etl.failure
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_failure etl.failure;
    v_schema text;
BEGIN
    EXECUTE p_statement;
    RETURN NULL;
EXCEPTION WHEN query_canceled OR OTHERS THEN
    GET STACKED DIAGNOSTICS
        v_failure.error_code = RETURNED_SQLSTATE,
        v_failure.message = MESSAGE_TEXT,
        v_failure.detail = PG_EXCEPTION_DETAIL,
        v_failure.hint = PG_EXCEPTION_HINT,
        v_failure.context = PG_EXCEPTION_CONTEXT,
        v_schema = SCHEMA_NAME;
    v_failure.model := p_model;
    RETURN etl.explain_failure(v_failure, v_schema);
END;
$$;
COMMENT ON FUNCTION etl.attempt IS
'Executes a statement and rolls it back if it fails. Arguments: the statement, the model that it builds. Returns the explained error (null: none).';
