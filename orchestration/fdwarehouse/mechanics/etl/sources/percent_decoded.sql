CREATE FUNCTION etl.percent_decoded(p_text text) RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF p_text ~* '%(?![0-9a-f]{2})|%00' THEN
        RAISE SQLSTATE 'DW009';
    END IF;
    RETURN convert_from(
        (
            SELECT string_agg(
                CASE
                    WHEN m.part[1] ~ '^%' THEN decode(substr(m.part[1], 2), 'hex')
                    ELSE convert_to(m.part[1], 'UTF8')
                END,
                ''::bytea ORDER BY m.position
            )
            FROM regexp_matches(p_text, '%..|[^%]+', 'g') WITH ORDINALITY AS m (part, position)
        ),
        'UTF8'
    );
END;
$$;
COMMENT ON FUNCTION etl.percent_decoded IS
'Decodes percent-encoded characters of a URL; returns null for an empty text. RFC 3986, section 2.1. Errors: DW009 a % is not followed by two hexadecimal digits.';
