CREATE FUNCTION etl.require_same_key(p_source_table text, p_model text, p_key_columns text[])
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_forgotten etl.forgotten_keys;
BEGIN
    SELECT * INTO v_forgotten
    FROM etl.forgotten_keys
    WHERE source_table = p_source_table
        AND (model, key_columns) IS DISTINCT FROM (p_model, p_key_columns)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'rows of % were forgotten as %', p_source_table, v_forgotten.model
            USING ERRCODE = 'DW023',
                DETAIL = format(
                    'By their key (%s). With another key or name, they would be read again.',
                    array_to_string(v_forgotten.key_columns, ', ')
                ),
                HINT = 'Keep the key and the name. For another name: UPDATE etl.forgotten_keys SET '
                    'model = ... in a migration. For another key: delete the rows of '
                    'etl.forgotten_keys in a migration, deploy, and forget again before a run.';
    END IF;
END;
$$;
COMMENT ON FUNCTION etl.require_same_key IS
'Raises an error if rows of a table were forgotten by another key, or in another table of bronze. Arguments: the table of the source, the table in bronze, the columns of the key, sorted. Errors: DW023.';
