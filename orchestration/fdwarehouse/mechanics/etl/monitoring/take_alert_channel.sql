-- A claim, and no lock: the message is sent outside of a transaction. A killed sender takes its
-- session with it. A pooler of transactions may keep the process of the server: time ends it too.
CREATE FUNCTION etl.take_alert_channel(p_channel text, p_for interval) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER -- who sends alerts may not write the log
{{- settings.pinned() }}
SET lock_timeout = {{ timeouts.lock | literal }}
AS $$
DECLARE
    v_claim uuid;
BEGIN
    INSERT INTO etl.alert_channels (channel) VALUES (p_channel) ON CONFLICT DO NOTHING;
    PERFORM FROM etl.alert_channels WHERE channel = p_channel FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    UPDATE etl.alert_channels
    SET claim = gen_random_uuid(),
        claimed_by = pg_backend_pid(),
        claimed_until = clock_timestamp() + p_for
    WHERE channel = p_channel
        AND (
            claim IS NULL
            OR claimed_until <= clock_timestamp()
            OR NOT EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.pid = claimed_by)
        )
    RETURNING claim INTO v_claim;
    RETURN v_claim;
END;
$$;
COMMENT ON FUNCTION etl.take_alert_channel IS
'Claims a channel, so that only one session tells it. Arguments: the channel, for how long at most. Returns the claim, see etl.release_alert_channel; null: another session is telling it.';
