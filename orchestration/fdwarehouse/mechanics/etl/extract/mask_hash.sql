-- It reads the keys, so only the owner can call it.
CREATE FUNCTION etl.mask_hash(p_value text) RETURNS text
{%- if prefix %}
LANGUAGE plpgsql STABLE -- as the main deployment masks; no dependency keeps it from being deployed
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN {{ main_etl }}.mask_hash(p_value);
END;
$$;
{%- else %}
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT encode(sha256(outer_key || sha256(inner_key || convert_to(p_value, 'UTF8'))), 'hex')
    FROM etl.mask_keys;
END;
{%- endif %}
COMMENT ON FUNCTION etl.mask_hash IS
'Returns what mask: hash stores instead of a value, to look it up. Argument: the value, as text.';
