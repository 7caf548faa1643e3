{#- Rendered once per table that is reconciled by hashes: bronze.hash_raw_<table>. Hashes use
    functions that PostgreSQL has since version 11 and that postgres_fdw sends to the source. -#}
-- It has no SET clause, so PostgreSQL inlines it and the source evaluates it. The hash depends on
-- nulls and on the order of columns. hash_array_extended is linear, so its result is hashed again:
-- otherwise two rows that exchange a value would cancel out when the hashes are XORed.
CREATE FUNCTION {{ creates }}(image {{ table.foreign_table }}) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hashint8extended(
    hash_array_extended(
        ARRAY[
            {% for c in table.row_hashes -%}
            {{ c.hash("image") | indent(12) }}{{ ",\n            " if not loop.last }}
            {%- endfor %}
        ],
        0
    ),
    0
);
COMMENT ON FUNCTION {{ creates }} IS
{{ ("Returns a hash of a row of " ~ table.foreign_table ~ (": its key and its watermark." if table.row_hashes | length < table.columns | length else ".")) | literal }};
