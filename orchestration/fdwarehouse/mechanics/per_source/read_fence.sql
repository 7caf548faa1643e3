-- When this returns, every transaction of {{ source.name }} that began before the fence has ended.
-- It must run in a remote transaction of its own, before the snapshot of the data is taken.
CREATE FUNCTION {{ source.name | ident }}.read_fence(p_run_id bigint, p_since_run_id bigint)
RETURNS etl.row_counts
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_source etl.sources;
    v_zone text;
    v_seen {{ source.name | ident }}._fence;
    v_last etl.fences;
    v_last_certain etl.fences;
    v_fence etl.fences;
    v_why_uncertain text;
BEGIN
    SELECT * INTO STRICT v_source FROM etl.sources WHERE source_name = {{ source.name | literal }};
    SELECT coalesce(v_source.time_zone, s.reset_val) INTO STRICT v_zone
    FROM {{ source.name | ident }}._pg_settings AS s
    WHERE s.name = 'TimeZone';

    PERFORM {{ source.name | ident }}.find_drift(p_run_id, v_zone);

    v_fence.asked_at := clock_timestamp();
    BEGIN
        SELECT * INTO STRICT v_seen FROM {{ source.name | ident }}._fence;
    EXCEPTION WHEN undefined_table OR undefined_column OR insufficient_privilege THEN
        SELECT max(query_start) INTO STRICT v_seen.observed_at
        FROM {{ source.name | ident }}._pg_stat_activity; -- the start of this query
    END;
    v_fence.answered_at := clock_timestamp();

    SELECT * INTO v_last
    FROM etl.fences
    WHERE source_name = v_source.source_name
    ORDER BY run_id DESC
    LIMIT 1;
    SELECT * INTO v_last_certain
    FROM etl.fences
    WHERE source_name = v_source.source_name AND kind = 'activity'
    ORDER BY run_id DESC
    LIMIT 1;

    v_fence.run_id := p_run_id;
    v_fence.source_name := v_source.source_name;
    v_fence.kind := v_source.fence;
    v_fence.observed_at := v_seen.observed_at;
    v_fence.snapshot_xmin := CASE WHEN v_source.fence = 'xid' THEN v_seen.oldest_xid END;
    v_fence.system_identifier := v_seen.system_identifier;
    v_fence.timeline := v_seen.timeline;
    v_fence.running_since := v_seen.running_since;
    v_fence.is_in_recovery := v_seen.is_in_recovery;
    v_fence.held_by := coalesce('prepared transaction ' || v_seen.prepared_gid, v_seen.held_by);
    v_fence.held_since := coalesce(v_seen.prepared_at, v_seen.held_since);
    v_why_uncertain := CASE
        WHEN v_seen.fence IS NULL
            THEN 'there is no view fdwarehouse.fence that the reader may read: '
                '`fdwarehouse bootstrap --side production` creates it'
        WHEN v_seen.is_in_recovery THEN 'a replica does not show the transactions of its primary'
        WHEN NOT v_seen.sees_all
            THEN 'a session hides its activity, or sessions of others are hidden from the owner of '
                'fdwarehouse.fence: `fdwarehouse bootstrap --side production` as a member of pg_monitor'
    END;
    IF v_fence.kind = 'xid' AND v_seen.fence IS NULL THEN
        RAISE EXCEPTION '{{ source.name }}: %', split_part(v_why_uncertain, ':', 1)
            USING ERRCODE = 'DW008',
                DETAIL = 'A fence of kind xid reads the oldest transaction id from it.',
                HINT = '`fdwarehouse bootstrap --side production` creates it.';
    ELSIF v_fence.kind = 'activity' AND v_why_uncertain IS NOT NULL THEN
        v_fence.kind := 'lookback';
        v_fence.held_by := v_why_uncertain;
        v_fence.held_since := NULL;
    END IF;
    v_fence.fence := CASE
        WHEN v_fence.kind = 'lookback' THEN v_fence.observed_at - v_source.lookback
        -- The beginning of a prepared transaction is no longer visible. It is after the last fence,
        -- and, if the clock was set back, after the present time minus the time elapsed since then.
        WHEN v_seen.prepared_gid IS NOT NULL
            THEN least(
                coalesce(v_last_certain.fence, '-infinity'),
                v_fence.observed_at - (v_fence.answered_at - v_last_certain.asked_at)
            )
        ELSE v_seen.fence
    END;
    -- Transactions that began before local time was set forward stamp their rows with the earlier
    -- offset. When they began may be unknown; without an open transaction, none began before now.
    v_fence.utc_offset := least(
        (v_fence.observed_at AT TIME ZONE v_zone) - (v_fence.observed_at AT TIME ZONE 'UTC'),
        CASE
            WHEN isfinite(v_fence.fence)
                THEN (v_fence.fence AT TIME ZONE v_zone) - (v_fence.fence AT TIME ZONE 'UTC')
        END,
        CASE
            WHEN v_fence.kind = 'lookback' OR v_fence.held_by IS NOT NULL THEN v_last.utc_offset
        END
    );
    INSERT INTO etl.fences VALUES (v_fence.*);
    PERFORM etl.mark_unreconciled(
        p_run_id,
        (
            SELECT array_agg(model) FROM etl.pipeline_steps
            WHERE source_name = v_source.source_name AND layer = 'bronze'
        ),
        etl.discontinuity(v_last, v_last_certain.fence, v_fence, v_source.overlap)
    );
    PERFORM {{ source.name | ident }}.observe_storage(p_run_id, NULL);
    {%- if source.numbered_tables %}
    PERFORM {{ source.name | ident }}.observe_numbers(v_fence.observed_at);
    {%- endif %}
    RETURN ROW(1, 1, 0, 0, 0)::etl.row_counts;
END;
$$;
COMMENT ON FUNCTION {{ source.name | ident }}.read_fence IS
'Compares the source with its contract and reads its fence into etl.fences. Marks all its tables as unreconciled if it is another server or its clock went back. Arguments: the run; the second is not used. Returns counts. Errors: DW008 a fence of kind xid without its view, and connection errors.';
