{#- Rendered once per table and list of columns that a writer compares. -#}
-- The columns of {{ target }} that are compared. A cast to the row type gives values the type,
-- scale and length of the columns.
CREATE VIEW {{ creates }} AS
SELECT
    {% for c in columns -%}
    {{ c | ident }}{{ ",\n    " if not loop.last }}
    {%- endfor %}
FROM {{ target }};
COMMENT ON VIEW {{ creates }} IS
{{ ("The columns of " ~ target ~ " that its writer compares, for their types. Grain: that of the table.") | literal }};
