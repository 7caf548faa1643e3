{#- Rendered once a source. -#}
-- The first that a transaction asks of a source, so that a source which lets nobody in, or does not
-- answer, is noticed within timeouts.source; and the last, since the code of a view, a policy or an
-- index runs in this session while a table is read, and can change its settings.
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
        -- by these postgres_fdw reads values
        ('DateStyle', '^ISO,'),
        ('IntervalStyle', '^postgres$'),
        ('extra_float_digits', '^[123]$'),
        -- what it sends is named without a schema: no other comes before pg_catalog
        ('search_path', '^(?!.*, *"?pg_catalog)')
    ) AS safe (name, pattern) ON s.name = safe.name
    WHERE s.setting !~ safe.pattern;
    IF v_unsafe IS NOT NULL THEN
        RAISE EXCEPTION 'the session on source {{ source.name }} is not safe: %', v_unsafe
            USING ERRCODE = 'DW019',
                DETAIL = 'Rows could be hidden from it, values be read otherwise, or code there could '
                    'write. Nothing was changed.',
                HINT = 'A pooler in between may drop `options`: `fdwarehouse bootstrap --side production` '
                    'gives the reader the same settings, for new connections of the pooler. After a '
                    'read: code of a view or an index of a mounted table has changed it.';
    END IF;
END;
$$;
COMMENT ON FUNCTION {{ creates }} IS
'Connects to {{ source.name }} and makes sure that the session there is read-only and sees all rows or fails. Errors: DW019 it is not so, and those of the connection.';
