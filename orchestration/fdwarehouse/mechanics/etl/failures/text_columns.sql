{#- Types whose values are text in the encoding of the source. -#}
{%- set text_types = ["text", "character", "character varying", "json", "jsonb", "xml", "name", '"char"'] -%}
CREATE FUNCTION etl.text_columns()
RETURNS TABLE (
    raw_table text, source_name text, foreign_table text, column_name text, key_object text
)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT t.*
    FROM (
        VALUES
        {%- for s in sources %}
        {%- for t in s.tables %}
        {%- set pairs = [] %}
        {%- for k in t.key if not t.is_multiset %}
        {%- set _ = pairs.append((k | literal) ~ ", s." ~ (k | ident)) %}
        {%- endfor %}
        {%- for c in t.contract_columns %}
        {%- if c.type.partition("(")[0].partition("[")[0] in text_types %}
        (
            {{ t.raw_table | literal }},
            {{ s.name | literal }},
            {{ t.foreign_table | literal }},
            {{ c.name | literal }},
            {{ ("jsonb_build_object(" ~ pairs | join(", ") ~ ")") | literal }}
        ),
        {%- endif %}
        {%- endfor %}
        {%- endfor %}
        {%- endfor %}
        (NULL, NULL, NULL, NULL, NULL)
    ) AS t (raw_table, source_name, foreign_table, column_name, key_object)
    WHERE t.raw_table IS NOT NULL;
END;
COMMENT ON FUNCTION etl.text_columns IS
'Returns the text columns of the sources, with their foreign table and an expression for the key of their rows. Grain: one column.';
