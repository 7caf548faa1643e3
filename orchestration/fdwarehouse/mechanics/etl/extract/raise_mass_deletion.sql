CREATE FUNCTION etl.raise_mass_deletion(p_model text, p_gone bigint, p_live bigint) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '% of % rows of % are gone from the source', p_gone, p_live, p_model
        USING ERRCODE = 'DW016',
            DETAIL = 'That is more than max_deleted allows, and nothing was changed. A table that was '
                'emptied by mistake, restored halfway or swapped for another looks like that.',
            HINT = format(
                'If they are meant to be gone: CALL etl.allow_deletions(%L), and run again. If it is '
                'usual: max_deleted in warehouse.yaml.',
                p_model
            );
END;
$$;
COMMENT ON FUNCTION etl.raise_mass_deletion IS
'Ends the statement that has found too many rows gone. Arguments: the table in bronze, how many rows are gone, of how many. Errors: DW016, always.';
