-- json holds values that jsonb cannot: the escape of a zero byte, half of a surrogate pair, a
-- number outside the range of numeric. Rejected rows often have such values and must be stored.
CREATE FUNCTION etl.storable_jsonb(p_row json, p_max_bytes integer DEFAULT 16777216) RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_text text := p_row::text;
    -- After an even number of backslashes, an escape is still an escape.
    c_begin CONSTANT text := '(?<!\\)((?:\\\\)*)';
    c_high CONSTANT text := '\\u[dD][89abAB][0-9a-fA-F]{2}';
    c_low CONSTANT text := '\\u[dD][c-fC-F][0-9a-fA-F]{2}';
    c_note CONSTANT text := '%s [cut off: %s bytes of JSON, MD5 %s]';
BEGIN
    IF octet_length(v_text) > 250000000 THEN -- a regular expression needs four bytes per character
        RETURN jsonb_build_object(
            'row', format(c_note, left(v_text, 1000), octet_length(v_text), md5(v_text))
        );
    ELSIF NOT pg_input_is_valid(v_text, 'jsonb') THEN
        v_text := regexp_replace(v_text, c_begin || '(\\u0000)', '\1\\\2', 'g');
        v_text := regexp_replace(
            v_text, format('%s(%s)(?!%s)', c_begin, c_high, c_low), '\1\\\2', 'g'
        );
        v_text := regexp_replace(
            v_text, format('%s(?<!%s)(%s)', c_begin, c_high, c_low), '\1\\\2', 'g'
        );
    ELSIF octet_length(v_text) <= p_max_bytes THEN
        RETURN v_text::jsonb;
    END IF;

    RETURN (
        SELECT
            jsonb_object_agg(
                v.key,
                CASE
                    WHEN octet_length(v_text) > p_max_bytes AND octet_length(v.value::text) > 10000
                        THEN to_jsonb(
                            format(
                                c_note,
                                CASE
                                    WHEN json_typeof(v.value) = 'string'
                                        THEN left(v.value #>> '{}', 1000)
                                    ELSE left(v.value::text, 1000)
                                END,
                                octet_length(v.value::text),
                                md5(v.value::text)
                            )
                        )
                    WHEN pg_input_is_valid(v.value::text, 'jsonb') THEN v.value::text::jsonb
                    ELSE to_jsonb(v.value::text)
                END
            )
        FROM json_each(v_text::json) AS v (key, value)
    );
END;
$$;
COMMENT ON FUNCTION etl.storable_jsonb IS
'Converts any row to jsonb. An escape that jsonb cannot hold becomes plain text, and so does JSON with a number outside the range of numeric. In a row with more bytes than the second argument, values of more than 10,000 bytes are truncated to 1,000 characters, with a note of their length and hash.';
