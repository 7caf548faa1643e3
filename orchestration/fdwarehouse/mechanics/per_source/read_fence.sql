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
    v_observed_at timestamptz;
    v_oldest timestamptz;
    v_holder text;
    v_prepared text;
    v_kind text;
    v_fence timestamptz;
    v_previous etl.fences;
BEGIN
    SELECT * INTO STRICT v_source FROM etl.sources WHERE source_name = {{ source.name | literal }};
    SELECT o.option_value INTO STRICT v_database
    FROM pg_foreign_server AS s, pg_options_to_table(s.srvoptions) AS o
    WHERE s.srvname = {{ source.name | literal }} AND o.option_name = 'dbname';

    -- Our own transaction is among the open ones, so there always is an oldest one.
    WITH writers AS MATERIALIZED (
        SELECT *
        FROM {{ source.name | ident }}._pg_stat_activity
        WHERE datname = v_database
            AND coalesce(backend_type, '') NOT IN ('autovacuum worker', 'walsender')
    )
    SELECT
        bool_and(backend_type IS NOT NULL AND state IS DISTINCT FROM 'disabled'),
        max(query_start),
        min(xact_start),
        (
            SELECT format('process %s, %s %s, %s', pid, usename, application_name, state)
            FROM writers AS w
            WHERE w.xact_start < (SELECT max(own.xact_start) FROM writers AS own)
            ORDER BY w.xact_start
            LIMIT 1
        )
    INTO STRICT v_sees_all, v_observed_at, v_oldest, v_holder
    FROM writers;

    SELECT 'prepared transaction ' || gid INTO v_prepared
    FROM {{ source.name | ident }}._pg_prepared_xacts
    WHERE database = v_database
    ORDER BY prepared
    LIMIT 1;

    v_zone := v_source.time_zone;
    IF v_zone IS NULL THEN
        SELECT reset_val INTO STRICT v_zone
        FROM {{ source.name | ident }}._pg_settings
        WHERE name = 'TimeZone';
    END IF;

    SELECT f.* INTO v_previous
    FROM etl.fences AS f
    WHERE f.source_name = v_source.source_name
    ORDER BY f.run_id DESC
    LIMIT 1;

    v_kind := CASE
        WHEN v_source.fence = 'activity' AND v_sees_all THEN 'activity'
        ELSE 'lookback'
    END;
    v_fence := CASE
        -- When a prepared transaction began cannot be seen any more; the last fence was before it.
        WHEN v_prepared IS NOT NULL AND v_kind = 'activity'
            THEN coalesce(v_previous.fence, '-infinity')
        WHEN v_kind = 'activity' THEN v_oldest
        ELSE v_observed_at - v_source.lookback
    END;
    INSERT INTO etl.fences (run_id, source_name, fence, kind, observed_at, utc_offset, held_by)
    VALUES (
        p_run_id,
        v_source.source_name,
        v_fence,
        v_kind,
        v_observed_at,
        -- What began before the clock on the wall was put forward was stamped by the clock of then.
        -- When that was is not known; without an open transaction nothing comes before now.
        least(
            (v_observed_at AT TIME ZONE v_zone) - (v_observed_at AT TIME ZONE 'UTC'),
            CASE
                WHEN isfinite(v_fence)
                    THEN (v_fence AT TIME ZONE v_zone) - (v_fence AT TIME ZONE 'UTC')
            END,
            CASE
                WHEN v_kind = 'lookback' OR coalesce(v_prepared, v_holder) IS NOT NULL
                    THEN v_previous.utc_offset
            END
        ),
        CASE
            WHEN v_source.fence = 'activity' AND NOT v_sees_all
                THEN 'sessions of others are hidden: GRANT pg_read_all_stats to the reader'
            ELSE coalesce(v_prepared, v_holder)
        END
    );
    RETURN ROW(1, 1, 0, 0, 0)::etl.row_counts;
END;
$$;
COMMENT ON FUNCTION {{ source.name | ident }}.read_fence IS
'Reads the fence of the source into etl.fences. Arguments: the run; the second is not used. Returns counts. Errors: those of the connection.';
