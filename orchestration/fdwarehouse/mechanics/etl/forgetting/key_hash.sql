-- An HMAC in which the two keys are independent, as for masked columns, see etl.mask_keys.
CREATE FUNCTION etl.key_hash(p_key jsonb) RETURNS bytea
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT sha256(k.outer_key || sha256(k.inner_key || convert_to(p_key::text, 'UTF8')))
    FROM etl.mask_keys AS k;
END;
COMMENT ON FUNCTION etl.key_hash IS
'Returns a hash from which the key of a row cannot be guessed without etl.mask_keys. Argument: the values of the key as an array.';
