-- The only way into a run: joins the open run, or begins one when none is open.
CREATE FUNCTION etl.acquire_run(
    p_run_id bigint,
    p_begun_by text,
    p_lease interval DEFAULT NULL,
    p_label text DEFAULT NULL,
    p_may_join boolean DEFAULT true
) RETURNS etl.acquired_run
LANGUAGE plpgsql SECURITY DEFINER -- the loader has no privileges on the log
{{- settings.pinned() }}
SET lock_timeout = {{ timeouts.lock | literal }}
AS $$
DECLARE
    v_open etl.runs;
    v_owner integer;
    v_is_held boolean;
    v_spans_sessions boolean;
    v_sign_of_life bigint;
    v_locked_by text;
BEGIN
    {%- if prefix %}
    IF p_lease IS NOT NULL THEN
        RAISE EXCEPTION 'a run beside the main deployment belongs to one session'
            USING ERRCODE = 'DW024', HINT = 'CALL etl.run_pipeline() runs everything.';
    END IF;
    {%- endif %}
    p_label := etl.printable(p_label, 200);
    PERFORM etl.pass_gate();
    BEGIN
        LOCK TABLE etl.gate IN SHARE UPDATE EXCLUSIVE MODE; -- one caller at a time decides
    EXCEPTION WHEN lock_not_available THEN
        v_locked_by := etl.locked_by('{etl.gate}');
        RAISE EXCEPTION 'another session is still beginning or ending a run'
            USING ERRCODE = 'DW001',
                DETAIL = v_locked_by,
                HINT = 'Try again' || coalesce(
                    ', or terminate that session: SELECT pg_terminate_backend('
                    || substring(v_locked_by FROM '^Process (\d+)') || ')',
                    ''
                ) || '.';
    END;

    SELECT * INTO v_open FROM etl.runs WHERE status = 'running';
    v_owner := etl.run_owner(v_open.run_id);
    -- Sessions that load chunks join a backfill, sessions that build tables join other runs.
    v_spans_sessions := v_open.lease IS NOT NULL
        AND (v_open.begun_by = 'etl.backfill') = (p_begun_by = 'etl.backfill');
    v_is_held := coalesce(v_owner <> pg_backend_pid(), false)
        OR coalesce(v_open.lease_until > clock_timestamp(), false);

    IF p_run_id IS NOT NULL AND p_run_id IS DISTINCT FROM v_open.run_id THEN
        RAISE EXCEPTION 'run % is not open', p_run_id
            USING ERRCODE = 'DW004',
                DETAIL = coalesce(
                    (
                        SELECT format('It has %s at %s.', status, finished_at)
                        FROM etl.runs WHERE run_id = p_run_id
                    ),
                    'There is no run with this id.'
                ),
                HINT = 'CALL etl.start_run() begins one; without a run id, a step joins the open run.';
    ELSIF p_run_id IS NOT NULL AND (v_spans_sessions OR v_owner = pg_backend_pid()) THEN
        RETURN (p_run_id, false);
    ELSIF v_is_held AND v_spans_sessions AND (p_may_join OR p_label = v_open.label) THEN
        RETURN (v_open.run_id, false);
    ELSIF v_is_held THEN
        RAISE EXCEPTION 'run % is in progress', v_open.run_id
            USING ERRCODE = 'DW001',
                DETAIL = format(
                    'Begun at %s by %s as role %s, %s.',
                    v_open.started_at, v_open.begun_by, v_open.begun_by_role,
                    coalesce(
                        'held by process ' || v_owner,
                        'between two steps, held until ' || v_open.lease_until
                    )
                ),
                HINT = CASE
                    WHEN v_open.begun_by = 'etl.backfill' AND v_owner IS NULL
                        THEN 'CALL etl.backfill() continues it. '
                    ELSE ''
                END
                || 'Wait until it ends, or abandon it: ' || CASE
                    WHEN v_owner IS NULL
                        THEN format('CALL etl.abandon_run(%s).', v_open.run_id)
                    ELSE format('SELECT pg_terminate_backend(%s).', v_owner)
                END;
    ELSIF p_run_id IS NOT NULL THEN
        RAISE EXCEPTION 'run % is not open', p_run_id
            USING ERRCODE = 'DW004',
                DETAIL = 'The session that owned it has ended. The next run marks it as abandoned.',
                HINT = 'Call again without a run id.';
    ELSIF v_open.run_id IS NOT NULL THEN
        PERFORM etl.end_run(v_open.run_id, 'abandoned', 'no session owned the run');
    END IF;

    LOOP -- until no session holds that number
        v_sign_of_life := (
            'x' || translate(left(gen_random_uuid()::text, 18), '-', '')
        )::bit(64)::bigint;
        EXIT WHEN p_lease IS NOT NULL; -- the sessions that work on the run hold it
        EXIT WHEN pg_try_advisory_lock(v_sign_of_life); -- held until end_run
    END LOOP;
    INSERT INTO etl.runs ({{ "run_id, " if prefix }}begun_by, label, lease, lease_until, sign_of_life)
    {%- if prefix %}
    OVERRIDING SYSTEM VALUE
    {%- endif %}
    VALUES (
        {%- if prefix %}
        etl.follow_main(),
        {%- endif %}
        etl.printable(p_begun_by, 200),
        p_label,
        p_lease,
        clock_timestamp() + p_lease,
        v_sign_of_life
    )
    RETURNING run_id INTO p_run_id;
    RETURN (p_run_id, true);
END;
$$;
COMMENT ON FUNCTION etl.acquire_run IS
'Joins the open run or begins one. Arguments: the run id (null: the open run, or a new one), the calling procedure, the lease of a new run (null: the run belongs to this session and ends with it), the caller''s label for the run, whether to join a run that another caller began. Returns the run, and whether it is new. Errors: DW001 a run is in progress, DW004 the run is not open, DW006 a deploy is under way.';
