CREATE FUNCTION etl.is_looked_up_by(p_table regclass, p_columns text[]) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH indexes AS (
        SELECT
            i.indexrelid AS index,
            array_agg(a.attname::text) AS first_columns
        FROM pg_index AS i
        INNER JOIN pg_class AS x ON i.indexrelid = x.oid
        INNER JOIN pg_am AS m ON x.relam = m.oid
        INNER JOIN pg_attribute AS a
            ON
                i.indrelid = a.attrelid
                AND a.attnum = ANY(
                    i.indkey[0:least(cardinality(p_columns), i.indnkeyatts) - 1]
                )
        WHERE i.indrelid = p_table AND i.indisvalid AND i.indpred IS NULL AND m.amname = 'btree'
        GROUP BY i.indexrelid
    )

    SELECT coalesce(bool_or(first_columns @> p_columns), false) FROM indexes;
END;
COMMENT ON FUNCTION etl.is_looked_up_by IS
'Whether a table has a B-tree index of all its rows that begins with the given columns, in any order.';
