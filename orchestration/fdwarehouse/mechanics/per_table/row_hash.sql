{#- Rendered once per table that is reconciled by hashes: bronze.hash_raw_<table>. Hashes are made of
    functions that every PostgreSQL since 11 has and that postgres_fdw sends to the source. -#}
-- It has no settings of its own, so PostgreSQL inlines it and the source evaluates it. Nulls and
-- the order of columns count. hash_array_extended alone is linear: hashed once more, two rows that
-- exchange a value do not cancel out when rows are XORed.
CREATE FUNCTION {{ creates }}(image {{ table.foreign_table }}) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hashint8extended(
    hash_array_extended(
        ARRAY[
            {% for c in table.row_hashes -%}
            {{ c.hash("image") }}{{ ",\n            " if not loop.last }}
            {%- endfor %}
        ],
        0
    ),
    0
);
COMMENT ON FUNCTION {{ creates }} IS
{{ ("One number for a row of " ~ table.foreign_table ~ (": its key and its watermark." if table.row_hashes | length < table.columns | length else ".")) | literal }};
