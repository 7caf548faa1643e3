-- The clock of the source stamps its rows, so the next extraction is correct only if that clock has
-- advanced since the last fence. The elapsed time can hide a step back, so it is compared with the
-- clock of the warehouse. Rows that a crash or a failover lost may already have been read.
CREATE FUNCTION etl.discontinuity(
    p_last etl.fences, p_last_certain timestamptz, p_fence etl.fences, p_overlap interval
) RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_advance interval := p_fence.observed_at - p_last.observed_at;
    -- an upper bound: from before the first query to after the second result
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
                ELSE 'the source is no longer a standby'
            END
        WHEN p_fence.running_since <> p_last.running_since
            THEN 'the source was restarted and may have lost its last commits'
    END;
    v_clock := CASE
        WHEN p_fence.kind = 'xid' THEN NULL -- has no clock
        WHEN v_advance < '0'
            THEN format('the clock of the source went back by %s or more', etl.in_words(-v_advance))
        WHEN v_elapsed - v_advance > greatest(p_overlap, '1 second')
            THEN format(
                'the clock of the source went back by about %s', etl.in_words(v_elapsed - v_advance)
            )
        WHEN p_fence.kind = 'activity' AND p_fence.fence < p_last_certain - p_overlap
            THEN 'the oldest transaction of the source began before the last fence'
    END;
    RETURN nullif(concat_ws('; ', v_server, v_clock), '');
END;
$$;
COMMENT ON FUNCTION etl.discontinuity IS
'Returns the reason why rows stamped since the last fence may have earlier time stamps, or why rows read before it may be lost (null: none). Arguments: the last fence, the time of the last fence of kind activity, the new fence, the overlap of extractions.';
