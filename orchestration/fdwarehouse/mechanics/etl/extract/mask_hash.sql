-- It reads the keys, so only the owner can call it.
CREATE FUNCTION etl.mask_hash(p_value text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT encode(sha256(outer_key || sha256(inner_key || convert_to(p_value, 'UTF8'))), 'hex')
    FROM etl.mask_keys;
END;
COMMENT ON FUNCTION etl.mask_hash IS
'Returns what mask: hash stores instead of a value, to look it up. Argument: the value, as text.';
