-- Run ids come from the sequence of the main deployment, and only while none of its runs is open:
-- so every row of bronze with a lower run id is committed, and every later one has a higher run id.
-- The lock is that with which the main deployment begins a run, held until the caller commits.
CREATE FUNCTION etl.follow_main() RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_open record;
    v_run_id bigint;
    v_deployed_as oid;
    v_followed etl.followed_deployment;
    v_is_erased boolean;
    v_is_pruned boolean;
    v_log regclass;
BEGIN
    PERFORM etl.pass_gate_of_main();
    LOCK TABLE {{ main_etl }}.gate IN SHARE UPDATE EXCLUSIVE MODE;
    IF EXISTS (
        SELECT FROM {{ main_etl }}.migrations AS m
        FULL JOIN etl.migrations AS o USING (migration, checksum)
        WHERE migration LIKE 'fdwarehouse/%' AND (m.applied_at IS NULL OR o.applied_at IS NULL)
    ) THEN
        RAISE EXCEPTION 'the main deployment is of another release of fdwarehouse'
            USING ERRCODE = 'DW024', HINT = 'Deploy this environment again, with the same release.';
    END IF;

    -- A run that no session owns could still be continued, or was lost: the main deployment decides.
    SELECT run_id, started_at, begun_by INTO v_open FROM {{ main_etl }}.runs WHERE status = 'running';
    IF FOUND THEN
        RAISE EXCEPTION 'run % of the main deployment is in progress', v_open.run_id
            USING ERRCODE = 'DW001',
                DETAIL = format('Begun at %s by %s.', v_open.started_at, v_open.begun_by),
                HINT = format(
                    'Wait until it ends. If it is lost, the next run of the main deployment ends it, or CALL {{ main_etl }}.abandon_run(%s).',
                    v_open.run_id
                );
    END IF;

    v_run_id := nextval(pg_get_serial_sequence('{{ main_etl }}.runs', 'run_id'));
    v_deployed_as := to_regproc('{{ main_etl }}.pass_gate');
    SELECT * INTO v_followed FROM etl.followed_deployment;
    SELECT
        coalesce(bool_or(begun_by = '{{ main_etl }}.forget'), false),
        count(*) > 0
    INTO v_is_erased, v_is_pruned
    FROM {{ main_etl }}.runs
    WHERE run_id > v_followed.run_id
        AND begun_by IN ('{{ main_etl }}.forget', '{{ main_etl }}.prune_bronze');
    -- Rows of bronze are gone, or a deploy may have changed others: no run id shows it.
    IF v_is_pruned OR v_followed.deployed_as <> v_deployed_as THEN
        DELETE FROM etl.watermarks;
    END IF;
    IF v_is_erased THEN -- the full refresh does not read the logs
        FOR v_log IN
            SELECT c.oid
            FROM pg_class AS c
            INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
            WHERE n.nspname = ANY({{ schemas }})
                AND obj_description(c.oid, 'pg_class') LIKE 'The change log of %'
        LOOP
            EXECUTE format('DELETE FROM %s', v_log);
            EXECUTE format('ANALYZE %s', v_log);
        END LOOP;
        UPDATE etl.check_results SET sample_rows = '[]' WHERE sample_rows <> '[]';
        UPDATE etl.alerted_problems SET message = 'erased' WHERE message <> 'erased';
        UPDATE etl.steps SET error = 'erased', failure = NULL WHERE error IS NOT NULL;
        UPDATE etl.runs SET error = 'erased', hint = NULL WHERE error IS NOT NULL;
        ANALYZE etl.check_results, etl.alerted_problems, etl.steps, etl.runs;
    END IF;

    INSERT INTO etl.followed_deployment AS f (run_id, deployed_as)
    VALUES (v_run_id, v_deployed_as)
    ON CONFLICT (only_row) DO UPDATE
        SET run_id = excluded.run_id, deployed_as = excluded.deployed_as;
    RETURN v_run_id;
END;
$$;
COMMENT ON FUNCTION etl.follow_main IS
'Returns the id of a run that begins here, beside the main deployment, while none of its runs is open. Makes the run a full refresh if rows were erased or pruned there, or it was deployed. Errors: DW001 a run of the main deployment is in progress, DW006 a deploy of it is under way, DW024 it is of another release.';
