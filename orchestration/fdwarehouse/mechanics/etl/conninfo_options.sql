-- The two forms that libpq takes, so that psql can deploy with the connection strings of the
-- command.
-- https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-CONNSTRING
CREATE FUNCTION etl.conninfo_options(p_conninfo text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_url text[] := regexp_match(
        p_conninfo,
        '^postgres(?:ql)?://(?:([^:@/?]*)(?::([^@/?]*))?@)?(\[[^]]*\]|[^:/?]*)(?::(\d*))?(?:/([^?]*))?(?:\?(.*))?$'
    );
    v_options jsonb;
BEGIN
    IF p_conninfo IS NULL THEN
        RETURN NULL;
    ELSIF v_url IS NOT NULL THEN
        SELECT jsonb_object_agg(name, etl.percent_decoded(value)) INTO v_options
        FROM (
            VALUES
            ('user', v_url[1]),
            ('password', v_url[2]),
            ('host', btrim(v_url[3], '[]')),
            ('port', v_url[4]),
            ('dbname', v_url[5])
            UNION ALL
            SELECT split_part(pair, '=', 1), substr(pair, strpos(pair, '=') + 1)
            FROM string_to_table(v_url[6], '&') AS pair
        ) AS parts (name, value)
        WHERE value <> '';
    ELSE
        SELECT jsonb_object_agg(
            m[1], regexp_replace(coalesce(m[2], m[3]), '\\(.)', '\1', 'g')
        )
        INTO v_options
        FROM regexp_matches(
            p_conninfo, '(\w+)\s*=\s*(?:''((?:[^''\\]|\\.)*)''|((?:[^\s''\\]|\\.)+))', 'g'
        ) AS m;
    END IF;
    -- what libpq would fill in from the user
    RETURN jsonb_build_object('dbname', v_options ->> 'user') || v_options;
END;
$$;
COMMENT ON FUNCTION etl.conninfo_options IS
'The options in a libpq connection string, URL or key=value, as a JSON object.';
