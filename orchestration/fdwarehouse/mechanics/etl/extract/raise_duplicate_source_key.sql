CREATE FUNCTION etl.raise_duplicate_source_key(p_key jsonb, p_row_count bigint) RETURNS bigint
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT
        etl.raise_duplicate_key(
            'the source',
            p_key,
            p_row_count,
            'Name the columns in warehouse.yaml that are its key in production. Of a '
            'parent that others inherit from, the rows of its children are read too.'
        );
END;
COMMENT ON FUNCTION etl.raise_duplicate_source_key IS
'Ends the statement in which a table of a source was found to have several rows of one key. Arguments: the key, how many rows. Errors: DW014, always.';
