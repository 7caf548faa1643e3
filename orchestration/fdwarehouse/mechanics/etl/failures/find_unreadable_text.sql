-- Finds the bytes of a source that are invalid in the encoding of its database. A database with
-- encoding SQL_ASCII accepts any bytes, and the error of PostgreSQL reports the bytes but not their
-- row. Called only after such an error, because it reads the columns one by one.
CREATE FUNCTION etl.find_unreadable_text(p_model text) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- The bytes of UTF-8, as a database without an encoding sees them. RFC 3629, section 4.
    c_utf8 constant text := '^([\x01-\x7f]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]'
        || '|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}'
        || '|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})*$';
    v_text record;
    v_encoding text;
    v_key text;
BEGIN
    FOR v_text IN
        SELECT t.*
        FROM etl.text_columns() AS t
        INNER JOIN etl.pipeline_steps AS m ON t.raw_table = m.table_name
        WHERE m.model = p_model
    LOOP
        BEGIN
            EXECUTE format(
                'SELECT setting FROM %I._pg_settings WHERE name = ''server_encoding''',
                v_text.source_name
            )
            INTO v_encoding;
            IF v_encoding <> 'SQL_ASCII' THEN
                EXECUTE format(
                    'SELECT max(t.c) FROM (SELECT %I::text AS c FROM %s OFFSET 0) AS t',
                    v_text.column_name, v_text.foreign_table
                );
                CONTINUE;
            END IF;
            EXECUTE format(
                'SELECT (%s)::text FROM %s AS s WHERE %I::text !~ $1 LIMIT 1',
                v_text.key_object, v_text.foreign_table, v_text.column_name
            )
            INTO v_key
            USING c_utf8;
            CONTINUE WHEN v_key IS NULL;
        EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character THEN
            v_key := NULL; -- the column is part of the key
        WHEN OTHERS THEN
            RETURN NULL; -- must not hide the original error
        END;
        RETURN concat_ws(
            ' ',
            format('It is in column %s of %s', v_text.column_name, v_text.foreign_table),
            'in the row ' || v_key
        ) || '.';
    END LOOP;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION etl.find_unreadable_text IS
'After an encoding error, describes the column and row of the source that caused it. Argument: the model. Returns a sentence (null: not found).';
