CREATE FUNCTION etl.take_alert_channel(p_channel text) RETURNS SETOF etl.alerted_problems
LANGUAGE plpgsql SECURITY DEFINER -- who sends alerts may not write the log
{{- settings.pinned() }}
SET lock_timeout = {{ timeouts.lock | literal }}
AS $$
BEGIN
    INSERT INTO etl.alert_channels (channel) VALUES (p_channel) ON CONFLICT DO NOTHING;
    PERFORM FROM etl.alert_channels WHERE channel = p_channel FOR UPDATE;
    RETURN QUERY SELECT * FROM etl.alerted_problems AS a WHERE a.channel = p_channel;
END;
$$;
COMMENT ON FUNCTION etl.take_alert_channel IS
'Locks a channel until the transaction ends, so that only one session tells it. Argument: the channel. Returns the problems that it was told of, and of whose end it was not.';
