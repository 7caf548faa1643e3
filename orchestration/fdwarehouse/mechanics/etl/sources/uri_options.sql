-- https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-CONNSTRING-URIS
CREATE FUNCTION etl.uri_options(p_location text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_login text[] := regexp_match(p_location, '^(([^@:/]*)(?::([^@/]*))?@)');
    v_rest text := substr(p_location, coalesce(length(v_login[1]), 0) + 1);
    v_address text;
    v_host text[];
    v_hosts text := '';
    v_ports text := '';
    v_name text;
    v_value text;
    v_options jsonb;
BEGIN
    v_address := split_part(v_rest, '?', 1);
    IF v_address LIKE '%@%' OR p_location ~ '[ \t\n\v\f\r]' THEN
        RAISE SQLSTATE 'DW009'; -- unescaped, probably in the password
    END IF;
    LOOP
        v_host := regexp_match(
            v_rest, '^((?:\[([^]]+)\](?=[]:/?,]|$)|(?!\[)([^:/?,]*))(?::([^/?,]*))?(,?))'
        );
        IF v_host IS NULL OR v_host[1] ~ '^\[[^]]*\]\]' THEN
            RAISE SQLSTATE 'DW009';
        END IF;
        v_rest := substr(v_rest, length(v_host[1]) + 1);
        v_hosts := concat(v_hosts, v_host[2], v_host[3], v_host[5]);
        v_ports := concat(v_ports, v_host[4], v_host[5]);
        EXIT WHEN v_host[5] = '';
    END LOOP;
    v_options := jsonb_build_object(
        'user', coalesce(etl.percent_decoded(v_login[2]), ''),
        'password', coalesce(etl.percent_decoded(v_login[3]), ''),
        'host', coalesce(etl.percent_decoded(v_hosts), ''),
        'port', coalesce(etl.percent_decoded(v_ports), ''),
        'dbname', coalesce(etl.percent_decoded(substring(v_rest, '^/([^?]*)')), '')
    );

    FOR v_name, v_value IN
        SELECT split_part(pair, '=', 1), substring(pair, '^[^=]*=([^=]*)$')
        FROM string_to_table(substring(v_rest, '\?(.*)$'), '&') WITH ORDINALITY AS p (pair, position)
        WHERE pair <> '' OR position < cardinality(
            string_to_array(substring(v_rest, '\?(.*)$'), '&')
        )
        ORDER BY position
    LOOP
        IF v_value IS NULL THEN
            RAISE SQLSTATE 'DW009';
        END IF;
        v_name := coalesce(etl.percent_decoded(v_name), '');
        v_value := coalesce(etl.percent_decoded(v_value), '');
        IF v_name = 'ssl' AND v_value = 'true' THEN -- as in JDBC
            v_name := 'sslmode';
            v_value := 'require';
        END IF;
        v_options := v_options || jsonb_build_object(v_name, v_value);
    END LOOP;
    RETURN v_options;
END;
$$;
COMMENT ON FUNCTION etl.uri_options IS
'Returns the options of a connection URL (without its scheme) as a JSON object; options that are not set are empty. Errors: DW009 it is malformed.';
