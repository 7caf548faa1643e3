CREATE FUNCTION etl.refuse_source_twins(p_columns text[], p_values jsonb, p_row_count bigint)
RETURNS bigint
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT
        etl.refuse_twins(
            'the source',
            (
                SELECT jsonb_object_agg(c.name, p_values -> (c.position - 1)::integer)
                FROM unnest(p_columns) WITH ORDINALITY AS c (name, position)
            ),
            p_row_count,
            'Name the columns in warehouse.yaml that are its key in production. Of a '
            'parent that others inherit from, the rows of its children are read too.'
        );
END;
COMMENT ON FUNCTION etl.refuse_source_twins IS
'Ends the statement in which a table of a source was found to have several rows of one key. Arguments: the columns of the key, their values, how many rows. Errors: DW014, always.';
