CREATE FUNCTION etl.percent_decoded(p_text text) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT convert_from(
        string_agg(
            CASE
                WHEN part[1] ~ '^%.' THEN decode(substr(part[1], 2), 'hex')
                ELSE convert_to(part[1], 'UTF8')
            END,
            ''::bytea ORDER BY position
        ),
        'UTF8'
    )
    FROM regexp_matches(p_text, '%[0-9A-Fa-f]{2}|%|[^%]+', 'g')
        WITH ORDINALITY AS parts (part, position);
END;
COMMENT ON FUNCTION etl.percent_decoded IS 'Decodes the %xx of a URL. RFC 3986, section 2.1.';
