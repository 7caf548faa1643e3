-- Called once a channel has accepted a message. If it does not commit, the channel is told again: a
-- message may come twice, but none is lost. The texts are those that were sent: a problem that has
-- ended since is in etl.problems no more, and the channel is yet to be told of its end.
CREATE FUNCTION etl.record_alert(p_channel text, p_new jsonb, p_over text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER -- who sends alerts may not write the log
{{- settings.pinned() }}
AS $$
BEGIN
    DELETE FROM etl.alerted_problems WHERE channel = p_channel AND problem = ANY(p_over);

    INSERT INTO etl.alerted_problems (channel, problem, kind, severity, subject, since, message)
    SELECT
        p_channel,
        n.problem,
        n.kind,
        n.severity,
        n.subject,
        n.since,
        etl.printable(n.message, 10000)
    FROM jsonb_populate_recordset(NULL::etl.alerted_problems, p_new) AS n
    ON CONFLICT (channel, problem) DO UPDATE
        SET severity = excluded.severity,
            since = excluded.since,
            message = excluded.message,
            told_at = clock_timestamp();

    UPDATE etl.alert_channels SET told_at = clock_timestamp() WHERE channel = p_channel;
END;
$$;
COMMENT ON FUNCTION etl.record_alert IS
'Records that a channel has accepted a message. Arguments: the channel, the problems that are new to it as rows of etl.problems, of which it needs problem, kind, severity, subject, since and message; the ids of those that are over.';
