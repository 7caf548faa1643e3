{#- Rendered once per table that is reconciled by hashes: bronze.hash_raw_<table>. Hashes are made of
    functions that every PostgreSQL since 11 has and that postgres_fdw sends to the source. -#}
-- A null counts as well, and so does the order of the columns. hash_array_extended alone is linear: it
-- is mixed once more, so that two rows that exchange a value do not cancel out when rows are XORed.
-- It has no settings of its own, so that PostgreSQL takes its body into queries and the source runs it.
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
