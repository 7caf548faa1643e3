CREATE FUNCTION etl.key_hash(p_key jsonb) RETURNS bytea
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT decode(etl.mask_hash(p_key::text), 'hex');
END;
COMMENT ON FUNCTION etl.key_hash IS
'Returns a hash from which the key of a row cannot be guessed without etl.mask_keys, see etl.mask_hash. Argument: the values of the key as an array.';
