-- A source shows one snapshot per transaction, taken by the first query. Rows committed there
-- between this snapshot and the fence would never be read. The fence is therefore read and
-- committed before the transaction that relies on it begins, in whatever order the caller makes
-- its calls.
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
                DETAIL = 'This transaction has already written something.',
                HINT = 'CALL etl.run_pipeline() outside a transaction, with autocommit.';
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
                DETAIL = 'The fence must be read first, in a transaction of its own.',
                HINT = 'CALL etl.extract_and_load_bronze() reads the fence and then the tables.';
    END IF;
END;
$$;
COMMENT ON FUNCTION etl.require_own_transaction IS
'Raises an error if tables of a source would be read before the fence of the run, or in the same transaction. Arguments: the run, the models to build. Errors: DW004.';
