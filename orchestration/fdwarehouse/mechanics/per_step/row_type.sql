{#- Rendered once a table and list of columns that a writer compares. -#}
-- The columns of {{ target }} that are compared.
-- A cast to its type gives values their scale and length.
CREATE VIEW {{ creates }} AS
SELECT
    {% for c in columns -%}
    {{ c | ident }}{{ ",\n    " if not loop.last }}
    {%- endfor %}
FROM {{ target }};
COMMENT ON VIEW {{ creates }} IS
{{ ("The columns of " ~ target ~ " that its writer compares, for their types. Grain: that of the table.") | literal }};
