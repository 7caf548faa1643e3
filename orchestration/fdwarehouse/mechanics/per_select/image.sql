{#- Rendered once a table with a change log: a view whose row type is that of an image. -#}
CREATE VIEW {{ target.log_row }} AS
SELECT
    {%- for name in target.logged %}
    {{ name | ident }}{{ "," if not loop.last }}
    {%- endfor %}
FROM {{ target.qualified }};
COMMENT ON VIEW {{ target.log_row }} IS
{{ ("The columns of " ~ target.qualified ~ " that its change log has.") | literal }};
