-- Every transaction of {{ source.name }} that began before the fence has ended when this returns.
-- It has to be read in a remote transaction of its own, before the data's snapshot is taken.
CREATE FUNCTION {{ source.name | ident }}.read_fence(p_run_id bigint, p_after_run_id bigint)
RETURNS etl.row_counts
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_source etl.sources;
    v_database text;
    v_zone text;
    v_sees_all boolean;
    v_is_replica boolean;
    v_oldest timestamptz;
    v_prepared_since timestamptz;
    v_prepared_by text;
    v_last_certain timestamptz;
    v_last etl.fences;
    v_fence etl.fences;
BEGIN
    SELECT * INTO STRICT v_source FROM etl.sources WHERE source_name = {{ source.name | literal }};
    SELECT o.option_value INTO STRICT v_database
    FROM pg_foreign_server AS s, pg_options_to_table(s.srvoptions) AS o
    WHERE s.srvname = {{ source.name | literal }} AND o.option_name = 'dbname';
    SELECT coalesce(v_source.time_zone, s.reset_val) INTO STRICT v_zone
    FROM {{ source.name | ident }}._pg_settings AS s
    WHERE s.name = 'TimeZone';

    PERFORM {{ source.name | ident }}.find_drift(p_run_id, v_zone);

    -- Our own transaction is among the open ones, so there always is an oldest one.
    WITH sessions AS MATERIALIZED (
        SELECT *
        FROM {{ source.name | ident }}._pg_stat_activity
        WHERE datname = v_database OR backend_type = 'startup'
    ),

    writers AS (
        SELECT *
        FROM sessions
        WHERE
            datname = v_database
            AND coalesce(backend_type, '') NOT IN ('autovacuum worker', 'walsender')
    ),

    holder AS (
        SELECT
            xact_start,
            format('process %s, %s %s, %s', pid, usename, application_name, state) AS description
        FROM writers
        WHERE xact_start < (SELECT max(w.xact_start) FROM writers AS w)
        ORDER BY xact_start
        LIMIT 1
    )

    SELECT
        (SELECT count(*) > 0 FROM sessions WHERE backend_type = 'startup'),
        bool_and(w.backend_type IS NOT NULL AND w.state IS DISTINCT FROM 'disabled'),
        max(w.query_start),
        min(w.xact_start),
        min(h.xact_start),
        min(h.description)
    INTO STRICT
        v_is_replica,
        v_sees_all,
        v_fence.observed_at,
        v_oldest,
        v_fence.held_since,
        v_fence.held_by
    FROM writers AS w
    LEFT JOIN holder AS h ON true;

    SELECT prepared, 'prepared transaction ' || gid INTO v_prepared_since, v_prepared_by
    FROM {{ source.name | ident }}._pg_prepared_xacts
    WHERE database = v_database
    ORDER BY prepared
    LIMIT 1;
    IF v_prepared_by IS NOT NULL THEN
        v_fence.held_by := v_prepared_by;
        v_fence.held_since := v_prepared_since;
    END IF;
{%- if source.fence == "xid" %}

    -- An id, not a time: whoever has a smaller one has ended, prepared or not, here or on a primary.
    SELECT oldest_xid INTO STRICT v_fence.snapshot_xmin FROM {{ source.name | ident }}._fence;
{%- endif %}

    SELECT * INTO v_last
    FROM etl.fences
    WHERE source_name = v_source.source_name
    ORDER BY run_id DESC
    LIMIT 1;
    SELECT fence INTO v_last_certain
    FROM etl.fences
    WHERE source_name = v_source.source_name AND kind = 'activity'
    ORDER BY run_id DESC
    LIMIT 1;

    v_fence.kind := v_source.fence;
    IF v_fence.kind = 'activity' AND v_is_replica THEN
        v_fence.kind := 'lookback';
        v_fence.held_by := 'a replica does not show the transactions of its primary';
        v_fence.held_since := NULL;
    ELSIF v_fence.kind = 'activity' AND NOT v_sees_all THEN
        v_fence.kind := 'lookback';
        v_fence.held_by := 'sessions of others are hidden: GRANT pg_read_all_stats to the reader';
        v_fence.held_since := NULL;
    END IF;
    v_fence.fence := CASE
        WHEN v_fence.kind = 'lookback' THEN v_fence.observed_at - v_source.lookback
        -- When a prepared transaction began cannot be seen any more; the last fence was before it.
        WHEN v_prepared_by IS NOT NULL THEN coalesce(v_last_certain, '-infinity')
        ELSE v_oldest
    END;
    -- What began before the clock on the wall was put forward was stamped by the clock of then.
    -- When that was is not known; without an open transaction nothing comes before now.
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
    v_fence.run_id := p_run_id;
    v_fence.source_name := v_source.source_name;
    INSERT INTO etl.fences VALUES (v_fence.*);
    RETURN ROW(1, 1, 0, 0, 0)::etl.row_counts;
END;
$$;
COMMENT ON FUNCTION {{ source.name | ident }}.read_fence IS
'Compares the source with its contract and reads its fence into etl.fences. Arguments: the run; the second is not used. Returns counts. Errors: DW013 the source is not what its contract says, and those of the connection.';
