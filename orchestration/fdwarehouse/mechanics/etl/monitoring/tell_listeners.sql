-- Sessions that LISTEN {{ prefix }}fdwarehouse get one JSON object per event, when the transaction commits.
CREATE FUNCTION etl.tell_listeners(p_event jsonb) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF octet_length(p_event::text) >= 8000 THEN -- the limit of NOTIFY
        p_event := p_event - 'hint' || jsonb_build_object('message', left(p_event ->> 'message', 200));
    END IF;
    PERFORM pg_notify('{{ prefix }}fdwarehouse', p_event::text);
END;
$$;
COMMENT ON FUNCTION etl.tell_listeners IS
'Notifies the sessions that LISTEN {{ prefix }}fdwarehouse. Argument: the event.';
