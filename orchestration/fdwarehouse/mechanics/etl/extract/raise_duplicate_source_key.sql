CREATE FUNCTION etl.raise_duplicate_source_key(p_key jsonb, p_row_count bigint) RETURNS bigint
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT
        etl.raise_duplicate_key(
            'the source',
            p_key,
            p_row_count,
            'Specify the columns of the key in warehouse.yaml. If other tables '
            'inherit from the table, their rows are read too, unless it has inherit: only.'
        );
END;
COMMENT ON FUNCTION etl.raise_duplicate_source_key IS
'Raises an error for duplicate keys in a table of a source. Arguments: the key, its number of rows. Errors: DW014, always.';
