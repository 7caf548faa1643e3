-- Adds hints to errors of a source and of libpq.
CREATE FUNCTION etl.explain_source_failure(p_failure etl.failure, p_source text, p_table text)
RETURNS etl.failure
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_said text := concat_ws(E'\n', p_failure.message, p_failure.detail);
BEGIN
    IF p_failure.error_code LIKE 'DW%' THEN
        RETURN p_failure;
    ELSIF p_failure.error_code = '42501' AND v_said ~ 'row-level security' THEN
        p_failure.error_code := 'DW019';
        p_failure.detail := concat_ws(' ', p_failure.message, 'Nothing was changed.');
        p_failure.message := format(
            'row security of source %s would hide rows of %s from its reader',
            p_source, coalesce(p_table, substring(v_said, '"(.*)"'))
        );
        p_failure.hint := {{ hints.row_security | literal }};
    ELSIF coalesce(p_failure.hint, '') = '' THEN
        p_failure.hint := CASE
            {%- for pattern, hint in hints.of_connections %}
            WHEN v_said ~* {{ pattern | literal }} THEN {{ hint | literal }}
            {%- endfor %}
            WHEN p_failure.error_code = '42501' THEN {{ hints.rights | literal }}
            WHEN p_failure.error_code ~ '^(22021|22P05)' THEN {{ hints.encoding | literal }}
            WHEN p_failure.error_code = '55P03' THEN {{ hints.lock | literal }}
            WHEN p_failure.error_code LIKE '42%' AND p_table LIKE '%.\_fence'
                THEN {{ hints.rights | literal }}
            WHEN p_failure.error_code LIKE '42%'
                THEN 'Update the contract with `fdwarehouse contract`.'
        END;
        p_failure.hint := replace(p_failure.hint, 'X_URL', upper(p_source) || '_URL');
    END IF;
    RETURN p_failure;
END;
$$;
COMMENT ON FUNCTION etl.explain_source_failure IS
'Rewords an error of a source so that it names the cause, and adds a hint. Arguments: the error, the source, the table that was read (null: none). Returns the error.';
