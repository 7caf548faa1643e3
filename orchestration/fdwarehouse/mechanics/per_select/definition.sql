{#- Rendered once per table that is one SELECT: a view with the SELECT as written. -#}
-- noqa: disable=all
CREATE VIEW {{ target.definition }} AS
{{ definition.select }};
COMMENT ON VIEW {{ target.definition }} IS
{{ ("The definition of " ~ target.qualified ~ ", from " ~ definition.path ~ ". Computes all rows.") | literal }};
