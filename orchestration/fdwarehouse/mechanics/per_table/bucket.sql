{#- Rendered once per table that is reconciled by hashes: bronze.bucket_of_raw_<table>. -#}
-- It has no SET clause, so PostgreSQL inlines it and the source evaluates it.
CREATE FUNCTION {{ creates }}(
    {%- for c in table.contract_columns if c.name in table.key %}
    {{ c.name | ident }} {{ c.type }}{{ "," if not loop.last }}
    {%- endfor %}
) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hash_array_extended(
    ARRAY[
        {% for c in table.key_hashes -%}
        {{ c.key_hash | indent(8) }}{{ ",\n        " if not loop.last }}
        {%- endfor %}
    ],
    0
) & 4095;
COMMENT ON FUNCTION {{ creates }} IS
{{ ("Returns the bucket of a row of " ~ table.foreign_table ~ ", one of 4096, from its key.") | literal }};
