-- Loads large tables for the first time, in chunks. Each chunk is committed, so that a failure
-- loses only the chunk in progress, and several sessions can load in parallel. The fence is read
-- before the first chunk: the next run reads all changes since then, which makes bronze consistent.
-- It commits, so it can neither be SECURITY DEFINER nor set a search_path; see etl.pin_settings.
CREATE PROCEDURE etl.backfill(p_chunk_rows bigint DEFAULT 250000)
LANGUAGE plpgsql
AS $$
DECLARE
    v_run etl.acquired_run;
    v_failure etl.failure;
    v_attempt integer := 1;
    v_summary pg_catalog.text;
BEGIN
    {{- lock.refuse_beside() }}
    CALL etl.pin_settings();
    IF p_chunk_rows IS NULL OR p_chunk_rows < 1 THEN
        RAISE EXCEPTION 'a chunk cannot have % rows', coalesce(p_chunk_rows::text, 'NULL')
            USING ERRCODE = 'DW003', HINT = 'Specify the number of rows, 1 or more.';
    END IF;
    IF etl.is_backfilled() THEN
        RAISE NOTICE 'every table has already been loaded';
        RETURN;
    END IF;
    v_run := etl.acquire_run(NULL, 'etl.backfill', '1 minute'); -- other sessions may join
    COMMIT;
    CALL etl.pin_settings();
    IF NOT etl.has_fence(v_run.run_id) THEN -- otherwise another session has read it
        CALL etl.run_transaction(v_run.run_id, etl.models_of('{source}'), false);
    END IF;

    LOOP
        COMMIT;
        SET TRANSACTION ISOLATION LEVEL READ COMMITTED; -- to see what others have loaded
        CALL etl.pin_settings();
        v_failure := etl.advance_backfill(v_run.run_id, p_chunk_rows, v_attempt);
        EXIT WHEN v_failure IS NULL;
        IF v_failure.error_code IS NULL THEN
            v_attempt := 1;
            CONTINUE;
        END IF;

        ROLLBACK; -- a transaction that lost its connection to a source cannot be committed
        SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
        CALL etl.pin_settings();
        IF etl.is_retried(v_failure, v_attempt) THEN
            RAISE WARNING '%: %; trying again', v_failure.model, v_failure.message;
            v_attempt := v_attempt + 1;
            CONTINUE WHEN v_failure.error_code <> 'DW018';
            v_failure := etl.observe_again(v_run.run_id, ARRAY[v_failure.model]);
            CONTINUE WHEN v_failure.error_code IS NULL;
        ELSIF etl.set_chunk_aside(v_run.run_id, v_failure) THEN
            RAISE WARNING '%: %', v_failure.model, v_failure.message
                USING HINT = CASE v_failure.error_code
                    WHEN '55000' THEN 'REFRESH MATERIALIZED VIEW fills it in production.'
                    ELSE 'The next backfill, or run, tries again.'
                END;
            v_attempt := 1;
            CONTINUE;
        END IF;
        CALL etl.fail_transaction(v_run.run_id, '{}', v_failure);
    END LOOP;
    COMMIT;
    CALL etl.pin_settings();
    v_failure := etl.failure_of_backfill(v_run.run_id);
    IF v_failure.error_code IS NOT NULL THEN
        CALL etl.fail_transaction(v_run.run_id, '{}', v_failure);
    END IF;
    PERFORM etl.finish_backfill(v_run.run_id);
    v_summary := etl.summary_of_run(v_run.run_id);
    COMMIT;
    IF v_summary IS NOT NULL THEN -- otherwise another session still works on it
        RAISE NOTICE '%', v_summary;
    END IF;
END;
$$;
COMMENT ON PROCEDURE etl.backfill IS
'Loads the bronze tables that were never loaded, in chunks, each in its own transaction. Another call continues an interrupted backfill; calls in several sessions share the work. The next run of the pipeline reads what has changed since the backfill began. Call it outside a transaction. Argument: rows per chunk. Errors: DW001 a run is in progress, DW003 invalid number of rows, DW006 a deploy is under way, DW014 the source has duplicate keys, DW018 a table is rewritten repeatedly while it is read, and connection errors.';
