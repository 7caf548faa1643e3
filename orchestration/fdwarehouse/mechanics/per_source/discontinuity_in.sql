{#- Rendered once per source. -#}
-- A step may run hours after the fence of its run was read, or as a retry after a failover.
CREATE FUNCTION {{ creates }}(p_run_id bigint) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_source etl.sources;
    v_fence etl.fences;
    v_now etl.fences;
    v_seen {{ source.name | ident }}._fence;
BEGIN
    SELECT * INTO STRICT v_source FROM etl.sources WHERE source_name = {{ source.name | literal }};
    SELECT * INTO v_fence
    FROM etl.fences
    WHERE source_name = v_source.source_name AND run_id = p_run_id;
    v_now.kind := v_fence.kind;
    v_now.asked_at := clock_timestamp();
    SELECT * INTO STRICT v_seen FROM {{ source.name | ident }}._fence;
    v_now.answered_at := clock_timestamp();
    v_now.observed_at := v_seen.observed_at;
    v_now.system_identifier := v_seen.system_identifier;
    v_now.timeline := v_seen.timeline;
    v_now.running_since := v_seen.running_since;
    v_now.is_in_recovery := v_seen.is_in_recovery;
    RETURN etl.discontinuity(v_fence, NULL, v_now, v_source.overlap);
EXCEPTION WHEN undefined_table OR undefined_column OR insufficient_privilege THEN
    RETURN NULL; -- production has no view fdwarehouse.fence; `fdwarehouse status` reports that
END;
$$;
COMMENT ON FUNCTION {{ creates }} IS
'Returns the reason why rows read from {{ source.name }} since the fence of a run may lack changes: it is another server now, or its clock went back (null: none). Argument: the run.';
