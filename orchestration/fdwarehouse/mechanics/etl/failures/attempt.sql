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
    v_failure.model := p_model;
    {{ failure.catch() | indent(4) }}
    RETURN v_failure;
END;
$$;
COMMENT ON FUNCTION etl.attempt IS
'Executes a statement and rolls it back if it fails. Arguments: the statement, the model that it builds. Returns the explained error (null: none).';
