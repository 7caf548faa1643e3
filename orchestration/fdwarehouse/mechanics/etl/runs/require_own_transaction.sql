-- A source shows one snapshot per transaction, from the first that is asked of it. What commits
-- there between this snapshot and the fence would never be read: so a fence is read and committed
-- before what relies on it begins, however the caller puts calls together.
CREATE FUNCTION etl.require_own_transaction(p_run_id bigint, p_models text[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_source text;
BEGIN
    IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
        RAISE EXCEPTION 'a batch of a run needs a transaction of its own'
            USING ERRCODE = 'DW004',
                DETAIL = 'Something was written in this transaction before.',
                HINT = 'CALL etl.run_pipeline() outside of a transaction, with autocommit.';
    END IF;
    SELECT m.source_name INTO v_source
    FROM etl.pipeline_steps AS m
    WHERE m.model = ANY(p_models)
        AND m.layer = 'bronze'
        AND NOT EXISTS (
            SELECT FROM etl.fences AS f
            WHERE f.run_id = p_run_id AND f.source_name = m.source_name
        )
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'run % has not read the fence of %', p_run_id, v_source
            USING ERRCODE = 'DW004',
                DETAIL = 'It comes first, in a transaction of its own.',
                HINT = 'CALL etl.extract_and_load_bronze() reads it and then the tables.';
    END IF;
END;
$$;
COMMENT ON FUNCTION etl.require_own_transaction IS
'Refuses to read tables of a source before the fence of the run, or in the transaction of the fence. Arguments: the run, the models to build. Errors: DW004.';
