{#- Rendered once per table with a change log: a view whose row type is that of a logged row. -#}
CREATE VIEW {{ target.log_row }} AS
SELECT
    {%- for name in target.logged %}
    {{ name | ident }}{{ "," if not loop.last }}
    {%- endfor %}
FROM {{ target.qualified }};
COMMENT ON VIEW {{ target.log_row }} IS
{{ ("The columns of " ~ target.qualified ~ " in its change log. Grain: that of the table.") | literal }};
