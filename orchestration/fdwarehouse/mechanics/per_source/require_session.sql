{#- Rendered once per source. -#}
-- The first query of a transaction to a source, so that a source that does not respond is detected
-- within timeouts.source. Also the last query, because code of a view, a policy or an index runs in
-- this session while a table is read, and can change its settings.
CREATE FUNCTION {{ creates }}() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_unsafe text;
BEGIN
    SELECT string_agg(format('%s is %s', s.name, s.setting), ', ' ORDER BY s.name) INTO v_unsafe
    FROM {{ source.name | ident }}._pg_settings AS s
    INNER JOIN (
        VALUES
        ('default_transaction_read_only', '^on$'),
        ('transaction_read_only', '^on$'),
        ('row_security', '^off$'),
        -- postgres_fdw relies on these to read values
        ('DateStyle', '^ISO,'),
        ('IntervalStyle', '^postgres$'),
        ('extra_float_digits', '^[123]$'),
        -- it sends names without a schema: pg_catalog must come first
        ('search_path', '^(?!.*, *"?pg_catalog)')
    ) AS safe (name, pattern) ON s.name = safe.name
    WHERE s.setting !~ safe.pattern;
    IF v_unsafe IS NOT NULL THEN
        RAISE EXCEPTION 'the session on source {{ source.name }} is not safe: %', v_unsafe
            USING ERRCODE = 'DW019',
                DETAIL = 'Rows could be hidden, values misread, or code of production could write. '
                    'Nothing was changed.',
                HINT = 'A pooler in between may drop `options`: `fdwarehouse bootstrap --side production` '
                    'gives the reader the same settings, for new connections of the pooler. After a '
                    'read: code of a view or an index of a mounted table has changed the setting.';
    END IF;
END;
$$;
COMMENT ON FUNCTION {{ creates }} IS
'Connects to {{ source.name }} and raises an error unless the session is read-only and row security cannot hide rows from it. Errors: DW019 the session lacks a setting, and connection errors.';
