CREATE FUNCTION etl.percent_decoded(p_text text) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH parts AS (
        SELECT
            m.position,
            m.match[1] AS part
        FROM regexp_matches(p_text, '%[0-9A-Fa-f]{2}|%|[^%]+', 'g')
            WITH ORDINALITY AS m (match, position)
    ),

    decoded_parts AS (
        SELECT
            position,
            CASE
                WHEN part ~ '^%.' THEN decode(substr(part, 2), 'hex')
                ELSE convert_to(part, 'UTF8')
            END AS bytes
        FROM parts
    )

    SELECT convert_from(string_agg(bytes, ''::bytea ORDER BY position), 'UTF8')
    FROM decoded_parts;
END;
COMMENT ON FUNCTION etl.percent_decoded IS 'Decodes the %xx of a URL. RFC 3986, section 2.1.';
