{%- set query -%}
SELECT count(*) > 0
FROM etl.pipeline_steps AS m
INNER JOIN {{ main_etl if prefix else "etl" }}.forgotten_keys AS f ON f.model = ANY(m.reads)
WHERE
    m.model = p_table
    AND f.key_hash = etl.key_hash(
        jsonb_build_array(
            CASE
                WHEN p_value ~ '^-?[0-9]+[.][0-9]+$' THEN trim_scale(p_value::numeric)::text
                ELSE p_value
            END
        )
    )
{%- endset -%}
CREATE FUNCTION etl.is_forgotten(p_table text, p_value text) RETURNS boolean
{%- if prefix %}
LANGUAGE plpgsql STABLE -- no dependency keeps the main deployment from being deployed
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        {{ query | indent(8) }}
    );
END;
$$;
{%- else %}
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    {{ query | indent(4) }};
END;
{%- endif %}
COMMENT ON FUNCTION etl.is_forgotten IS
'Whether a row is missing because it was forgotten. Arguments: a table of silver or gold, the value of its key.';
