CREATE FUNCTION etl.printable(p_text text, p_length integer) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT
        left(
            regexp_replace(
                p_text,
                '[\x01-\x08\x0B-\x1F\x7F-\x9F\u200E\u200F\u202A-\u202E\u2066-\u2069]', '?', 'g'
            ),
            p_length
        );
END;
COMMENT ON FUNCTION etl.printable IS
'Returns a text for the log: without control characters, truncated. Arguments: the text, the maximum number of characters.';
