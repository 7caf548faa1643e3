{#- Rendered once a source. -#}
-- The first that a transaction asks of a source, so that a source which lets nobody in, or does not
-- answer, is noticed within timeouts.source.
CREATE FUNCTION {{ creates }}() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_unsafe text;
BEGIN
    SELECT string_agg(format('%s is %s', s.name, s.setting), ', ' ORDER BY s.name) INTO v_unsafe
    FROM {{ source.name | ident }}._pg_settings AS s
    WHERE s.name IN ('default_transaction_read_only', 'row_security', 'transaction_read_only')
        AND s.setting <> CASE s.name WHEN 'row_security' THEN 'off' ELSE 'on' END;
    IF v_unsafe IS NOT NULL THEN
        RAISE EXCEPTION 'the session on source {{ source.name }} is not safe: %', v_unsafe
            USING ERRCODE = 'DW019',
                DETAIL = 'Rows could be hidden from it, or code there could write. Nothing was read.',
                HINT = 'A pooler in between may drop `options`: `fdwarehouse bootstrap --side production` '
                    'gives the reader the same settings, for new connections of the pooler.';
    END IF;
END;
$$;
COMMENT ON FUNCTION {{ creates }} IS
'Connects to {{ source.name }} and makes sure that the session there is read-only and sees all rows or fails. Errors: DW019 it is not so, and those of the connection.';
