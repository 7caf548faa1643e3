-- It is not SECURITY DEFINER, see etl.forget.
CREATE FUNCTION etl.row_to_forget(p_table text, p_key text) RETURNS etl.forgotten_row
LANGUAGE plpgsql STABLE
{{- settings.pinned() }}
AS $$
DECLARE
    v_row etl.forgotten_row;
    v_columns text[];
BEGIN
    {{- lock.refuse_beside() }}
    SELECT model INTO v_row.model
    FROM etl.pipeline_steps
    WHERE layer = 'bronze'
        AND interval_between IS NULL
        AND (
            etl.is_named(table_name, p_table)
            OR p_table = source_name || '.' || substr((parse_ident(table_name))[2], length('raw_') + 1)
        );
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no table % is in bronze', quote_nullable(p_table)
            USING ERRCODE = 'DW003',
                HINT = 'SELECT table_name FROM etl.pipeline_steps WHERE layer = ''bronze'';';
    END IF;
    v_columns := ARRAY(
        SELECT a.attname
        FROM pg_constraint AS c
        CROSS JOIN unnest(c.conkey) WITH ORDINALITY AS k (number, position)
        INNER JOIN pg_attribute AS a ON c.conrelid = a.attrelid AND k.number = a.attnum
        WHERE c.conrelid = v_row.model::regclass AND c.contype = 'u' AND a.attname <> '_run_id'
        ORDER BY k.position
    );
    IF v_columns = '{_row_hash}' THEN
        RAISE EXCEPTION '% has no key', v_row.model
            USING ERRCODE = 'invalid_parameter_value',
                HINT = 'Only a row that has a key can be forgotten.';
    END IF;
    v_row.key := CASE WHEN cardinality(v_columns) = 1 THEN ARRAY[p_key] ELSE p_key::text[] END;
    IF array_length(v_row.key, 1) IS DISTINCT FROM cardinality(v_columns)
        OR array_ndims(v_row.key) <> 1
        OR array_lower(v_row.key, 1) <> 1
        OR array_position(v_row.key, NULL) IS NOT NULL
    THEN
        RAISE EXCEPTION 'the key of % is (%)', v_row.model, array_to_string(v_columns, ', ')
            USING ERRCODE = 'invalid_parameter_value',
                HINT = 'Write its values as an array, such as {7,2}; none of them is null.';
    END IF;
    RETURN v_row;
END;
$$;
COMMENT ON FUNCTION etl.row_to_forget IS
'Returns the table in bronze that holds a row to forget, and the values of its key. Arguments: the table as users name it, the key. Errors: 22P02 it is not an array, 22023 these are not the columns of its key, or it has none; DW003 unknown table.';
