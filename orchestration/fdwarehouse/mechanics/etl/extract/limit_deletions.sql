CREATE FUNCTION etl.limit_deletions(
    p_run_id bigint,
    p_model text,
    p_max_rows bigint,
    p_max_share numeric,
    p_gone bigint,
    p_live bigint
) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF p_gone > p_max_rows AND p_gone > p_max_share * p_live THEN
        UPDATE etl.allowed_deletions
        SET used_by_run = p_run_id
        WHERE model = p_model
            AND used_by_run IS NULL
            AND allowed_at > clock_timestamp() - interval '1 day';
        IF NOT FOUND THEN
            RAISE EXCEPTION '% of % rows of % are gone from the source', p_gone, p_live, p_model
                USING ERRCODE = 'DW016',
                    DETAIL = 'That is more than max_deleted allows, and nothing was changed. A table '
                        'that was emptied by mistake, restored halfway or swapped for another looks '
                        'like that.',
                    HINT = format(
                        'If they are meant to be gone: CALL etl.allow_deletions(%L), and run again. '
                        'If it is usual: max_deleted in warehouse.yaml.',
                        p_model
                    );
        END IF;
    END IF;
    RETURN p_gone;
END;
$$;
COMMENT ON FUNCTION etl.limit_deletions IS
'Stops the statement that has found too many rows gone, unless somebody has allowed it. Arguments: the run; the table in bronze; its max_deleted: how many rows may always be gone, and which share; how many rows are gone, of how many. Returns how many are gone. Errors: DW016.';
