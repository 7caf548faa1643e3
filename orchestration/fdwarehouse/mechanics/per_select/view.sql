{#- Rendered once per view with a header. -#}
-- noqa: disable=all
CREATE VIEW {{ target.qualified }} AS
{{ definition.select }};
COMMENT ON VIEW {{ target.qualified }} IS
{{ (header.description ~ " Grain: " ~ header.grain ~ ".") | literal }};
{%- for name, _ in target.columns if comments[name] %}
COMMENT ON COLUMN {{ target.qualified }}.{{ name | ident }} IS {{ comments[name] | literal }};
{%- endfor %}
