CREATE FUNCTION etl.is_looked_up_by(p_table regclass, p_columns text[]) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT
        EXISTS (
            SELECT FROM pg_index AS i
            INNER JOIN pg_class AS x ON i.indexrelid = x.oid
            INNER JOIN pg_am AS m ON x.relam = m.oid AND m.amname = 'btree'
            WHERE
                i.indrelid = p_table
                AND i.indisvalid
                AND i.indpred IS NULL
                AND ARRAY(
                    SELECT a.attname::text
                    FROM unnest(i.indkey) WITH ORDINALITY AS k (attnum, position)
                    INNER JOIN pg_attribute AS a
                        ON i.indrelid = a.attrelid AND k.attnum = a.attnum
                    WHERE k.position <= least(cardinality(p_columns), i.indnkeyatts)
                ) @> p_columns
        );
END;
COMMENT ON FUNCTION etl.is_looked_up_by IS
'Whether an index of all rows of a table begins with some columns, in any order.';
