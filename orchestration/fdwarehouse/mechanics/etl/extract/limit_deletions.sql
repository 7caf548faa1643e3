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
            RAISE EXCEPTION '% of % rows of % are missing from the source', p_gone, p_live, p_model
                USING ERRCODE = 'DW016',
                    DETAIL = 'This exceeds max_deleted, so nothing was changed. The table may have '
                        'been emptied by mistake, restored partially or replaced by another.',
                    HINT = format(
                        'If they are intended: CALL etl.allow_deletions(%L), and run again. '
                        'If they are usual: increase max_deleted in warehouse.yaml.',
                        p_model
                    );
        END IF;
    END IF;
    RETURN p_gone;
END;
$$;
COMMENT ON FUNCTION etl.limit_deletions IS
'Raises an error if too many rows of a table were deleted in the source, unless etl.allow_deletions permits it. Arguments: the run; the table in bronze; its max_deleted, as a number of rows and as a share; the number of deleted rows; the number of live rows. Returns the number of deleted rows. Errors: DW016 too many rows are missing.';
