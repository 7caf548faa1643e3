CREATE FUNCTION etl.tell_problems() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER -- who runs the pipeline may not write the log
{{- settings.pinned() }}
AS $$
DECLARE
    c_channel CONSTANT text := 'fdwarehouse';
    v_problems jsonb;
    v_new jsonb;
    v_over jsonb;
BEGIN
    INSERT INTO etl.alert_channels (channel) VALUES (c_channel) ON CONFLICT DO NOTHING;
    PERFORM FROM etl.alert_channels WHERE channel = c_channel FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN; -- another session is telling them
    END IF;
    SELECT coalesce(jsonb_agg(to_jsonb(p) - 'sample_rows' ORDER BY p.severity, p.problem), '[]')
    INTO v_problems
    FROM etl.problems AS p;

    SELECT coalesce(jsonb_agg(p ORDER BY p ->> 'severity', p ->> 'problem'), '[]') INTO v_new
    FROM jsonb_array_elements(v_problems) AS p
    WHERE NOT EXISTS (
        SELECT FROM etl.alerted_problems AS a
        WHERE a.channel = c_channel
            AND a.problem = p ->> 'problem'
            AND a.severity = p ->> 'severity'
    );
    SELECT
        coalesce(
            jsonb_agg(to_jsonb(a) - '{channel,told_at}'::text[] ORDER BY a.severity, a.problem), '[]'
        )
    INTO v_over
    FROM etl.alerted_problems AS a
    WHERE a.channel = c_channel
        AND NOT v_problems @> jsonb_build_array(jsonb_build_object('problem', a.problem));

    IF v_new <> '[]' OR v_over <> '[]' THEN
        PERFORM etl.tell_listeners('{"event": "problem_began"}' || p)
        FROM jsonb_array_elements(v_new) AS p;
        PERFORM etl.tell_listeners('{"event": "problem_ended"}' || p)
        FROM jsonb_array_elements(v_over) AS p;
        PERFORM etl.record_alert(
            c_channel,
            v_new,
            (SELECT array_agg(p ->> 'problem') FROM jsonb_array_elements(v_over) AS p)
        );
    END IF;
END;
$$;
COMMENT ON FUNCTION etl.tell_problems IS 'See the procedure etl.notify_problems.';
