{#- One row image against another: true when any column differs, null or not, whatever its type; json, xml and
    point have no equality operator. It is the test that REFRESH MATERIALIZED VIEW CONCURRENTLY makes. For bronze. -#}
{%- macro images_differ(left, right, columns) -%}
record_image_ne(
    ROW({{ row(left, columns) }}),
    ROW({{ row(right, columns) }})
)
{%- endmacro -%}

{#- Whether any value differs: 1.0 and 1.00 are the same. For silver and gold. -#}
{%- macro values_differ(left, right, columns) -%}
({{ row(left, columns) }})
IS DISTINCT FROM ({{ row(right, columns) }})
{%- endmacro -%}

{%- macro row(alias, columns) -%}
{% for c in columns %}{{ alias }}.{{ c | ident }}{{ ", " if not loop.last }}{% endfor %}
{%- endmacro -%}

{#- a.k1 = b.k1 AND a.k2 = b.k2 -#}
{%- macro same_key(left, right, key) -%}
{% for c in key %}{{ left }}.{{ c | ident }} = {{ right }}.{{ c | ident }}{{ " AND " if not loop.last }}{% endfor %}
{%- endmacro -%}

{#- Columns, one a line, with an optional alias; ends without a comma. -#}
{%- macro columns(names, alias=none) -%}
{% for c in names %}{{ alias ~ "." if alias }}{{ c | ident }}{{ ",\n" if not loop.last }}{% endfor %}
{%- endmacro -%}
