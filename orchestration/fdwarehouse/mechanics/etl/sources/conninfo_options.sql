-- Parses both forms that libpq accepts, so that psql can deploy with the same connection strings as
-- the command. No error quotes the string: an unescaped password could be in any part of it.
-- https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-CONNSTRING
CREATE FUNCTION etl.conninfo_options(p_conninfo text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_rest text := btrim(p_conninfo, E' \t\n\v\f\r');
    v_part text[];
    v_options jsonb := '{}';
BEGIN
    IF v_rest IS NULL THEN
        RETURN NULL;
    ELSIF v_rest ~ '^postgres(ql)?://' THEN
        v_options := etl.uri_options(regexp_replace(v_rest, '^postgres(ql)?://', ''));
    ELSE
        WHILE v_rest <> '' LOOP
            v_part := regexp_match(
                v_rest,
                '^(([^= \t\n\v\f\r]+)[ \t\n\v\f\r]*=[ \t\n\v\f\r]*'
                || '(?:''((?:[^''\\]|\\.)*)''|((?:[^'' \t\n\v\f\r\\]|\\.)(?:[^ \t\n\v\f\r\\]|\\.)*)?\\?)'
                || '[ \t\n\v\f\r]*)'
            );
            IF v_part IS NULL THEN
                RAISE SQLSTATE 'DW009';
            END IF;
            v_options := v_options || jsonb_build_object(
                v_part[2], regexp_replace(coalesce(v_part[3], v_part[4], ''), '\\(.)', '\1', 'g')
            );
            v_rest := substr(v_rest, length(v_part[1]) + 1);
        END LOOP;
    END IF;

    IF v_options - {{ words.known | literal }}::text[] <> '{}'
        OR v_options ->> 'port' !~ '^[0-9]*(,[0-9]*)*$' THEN
        RAISE SQLSTATE 'DW009';
    END IF;
    SELECT coalesce(jsonb_object_agg(key, value), '{}') INTO v_options
    FROM jsonb_each_text(v_options)
    WHERE value <> '';
    -- the default of libpq for dbname is the user
    RETURN jsonb_strip_nulls(jsonb_build_object('dbname', v_options ->> 'user')) || v_options;
EXCEPTION WHEN SQLSTATE 'DW009' OR data_exception THEN
    RAISE EXCEPTION '{{ words.malformed }}'
        USING ERRCODE = 'DW009', HINT = {{ words.way_out | literal }};
END;
$$;
COMMENT ON FUNCTION etl.conninfo_options IS
'The options in a libpq connection string, URL or key=value, as a JSON object. Errors: DW009 it is malformed.';
