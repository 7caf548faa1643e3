-- Rows are stamped by the clock of the source, so the next extraction is right only where that
-- clock has gone on since the last fence. A step back hides in the time that passes: the clock
-- of the warehouse tells how much of it has. What a crash or a failover lost may have been read.
CREATE FUNCTION etl.discontinuity(
    p_last etl.fences, p_last_certain timestamptz, p_fence etl.fences, p_overlap interval
) RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_advance interval := p_fence.observed_at - p_last.observed_at;
    -- at most: from before the first question to after the second answer
    v_elapsed interval := p_fence.answered_at - p_last.asked_at;
    v_server text;
    v_clock text;
BEGIN
    v_server := CASE
        WHEN p_fence.system_identifier <> p_last.system_identifier
            THEN 'the source is another server or database'
        WHEN p_fence.timeline <> p_last.timeline
            THEN format(
                'the source is on timeline %s, no longer %s: a standby was promoted',
                p_fence.timeline, p_last.timeline
            )
        WHEN p_fence.is_in_recovery <> p_last.is_in_recovery
            THEN CASE
                WHEN p_fence.is_in_recovery THEN 'the source is a standby now'
                ELSE 'the source is not a standby any more'
            END
        WHEN p_fence.running_since <> p_last.running_since
            THEN 'the source was restarted, and may have lost what was committed last'
    END;
    v_clock := CASE
        WHEN p_fence.kind = 'xid' THEN NULL -- has no clock
        WHEN v_advance < '0'
            THEN format('the clock of the source went back by %s or more', -v_advance)
        WHEN v_elapsed - v_advance > greatest(p_overlap, '1 second')
            THEN format('the clock of the source went back by about %s', v_elapsed - v_advance)
        WHEN p_fence.kind = 'activity' AND p_fence.fence < p_last_certain - p_overlap
            THEN 'the oldest transaction of the source is older than the last fence'
    END;
    RETURN nullif(concat_ws('; ', v_server, v_clock), '');
END;
$$;
COMMENT ON FUNCTION etl.discontinuity IS
'Why what the source stamped since its last fence may be before that fence, or what was read before it be lost; null where it is not. Arguments: the last fence; the last of kind activity; the new one; how far an extraction looks back behind the fence.';
