CREATE FUNCTION etl.is_partitioned_by(
    p_table regclass, p_columns text[], p_column text, p_every text
) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH wanted_column AS (
        SELECT
            p_columns[n][1] AS name,
            format_type(to_regtype(p_columns[n][2]), to_regtypemod(p_columns[n][2])) AS type,
            CASE WHEN a.attname IS NULL THEN p_columns[n][3] END AS former_name
        FROM generate_subscripts(p_columns, 1) AS n
        LEFT JOIN pg_attribute AS a ON a.attrelid = p_table AND a.attname = p_columns[n][1]
        WHERE p_columns[n][1] = p_column
    )

    SELECT
        EXISTS (
            SELECT FROM pg_partitioned_table AS p
            INNER JOIN pg_attribute AS a ON p.partrelid = a.attrelid AND p.partattrs[0] = a.attnum
            INNER JOIN wanted_column AS w
                ON format_type(a.atttypid, a.atttypmod) = w.type
                    AND a.attname IN (w.name, w.former_name)
            WHERE p.partrelid = p_table AND p.partstrat = 'r' AND p.partnatts = 1
        )
        AND NOT EXISTS (
            SELECT FROM etl.range_partitions AS c
            WHERE c.table_name = p_table::text AND c.every <> p_every
        );
END;
COMMENT ON FUNCTION etl.is_partitioned_by IS
'Whether a table has the partitions that its header defines. Arguments: the table; name, type and former name of each column; the column with the dates; year or month.';
