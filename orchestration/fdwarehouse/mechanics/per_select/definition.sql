{#- Rendered once a table that is one SELECT: the view with the SELECT as it was written. -#}
-- noqa: disable=all
CREATE VIEW {{ target.definition }} AS
{{ definition.select }};
COMMENT ON VIEW {{ target.definition }} IS
{{ ("What " ~ target.qualified ~ " is kept equal to: " ~ definition.path ~ ". It computes all rows.") | literal }};
