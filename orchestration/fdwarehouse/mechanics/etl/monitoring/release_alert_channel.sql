CREATE FUNCTION etl.release_alert_channel(p_channel text, p_claim uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER -- who sends alerts may not write the log
{{- settings.pinned() }}
SET lock_timeout = {{ timeouts.lock | literal }}
BEGIN ATOMIC
    UPDATE etl.alert_channels
    SET claim = NULL, claimed_by = NULL, claimed_until = NULL
    WHERE channel = p_channel AND claim = p_claim;
END;
COMMENT ON FUNCTION etl.release_alert_channel IS
'Lets another session tell a channel. Arguments: the channel, the claim of etl.take_alert_channel. Does nothing if the claim is void.';
