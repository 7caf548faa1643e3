CREATE FUNCTION etl.describe_unkeyed_row(
    p_key json, p_row json, OUT key jsonb, OUT reasons text[], OUT rejected_row jsonb
)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT
        p_key::jsonb || jsonb_build_object('_row', md5(s.stored_row::text)),
        (
            SELECT array_agg(k.name || ' is null' ORDER BY k.position)
            FROM json_each_text(p_key) WITH ORDINALITY AS k (name, value, position)
            WHERE k.value IS NULL
        ),
        s.stored_row
    FROM etl.storable_jsonb(p_row) AS s (stored_row);
END;
COMMENT ON FUNCTION etl.describe_unkeyed_row IS
'Describes a row of a source with a null in its key for silver.rejected_rows. Arguments: the columns of the key, the row. Returns the key, with a hash of the row; the columns that are null; the row.';
