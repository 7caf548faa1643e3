{#- Whether a row differs from the expected one: in a value, or only in its binary image, as '1 year'
    differs from '360 days' and 1.00 from 1.0. Images are compared as the table would store them:
    row_type is a view with these columns, whose row type gives values their type, scale and length. -#}
{%- macro row_differs(left, right, columns, row_type) -%}
(
    (
        {{ columns_of(columns, left) | indent(8) }}
    ) IS DISTINCT FROM (
        {{ columns_of(columns, right) | indent(8) }}
    )
    OR record_image_ne(
        ROW(
            {{ columns_of(columns, left) | indent(12) }}
        )::{{ row_type }},
        ROW(
            {{ columns_of(columns, right) | indent(12) }}
        )::{{ row_type }}
    )
)
{%- endmacro -%}

{#- a.k1 = b.k1 AND a.k2 = b.k2 -#}
{%- macro same_key(left, right, key) -%}
{% for c in key %}{{ left }}.{{ c | ident }} = {{ right }}.{{ c | ident }}{{ " AND " if not loop.last }}{% endfor %}
{%- endmacro -%}

{#- Columns, one per line, with an optional alias; ends without a comma. -#}
{%- macro columns_of(names, alias=none) -%}
{% for c in names %}{{ alias ~ "." if alias }}{{ c | ident }}{{ ",\n" if not loop.last }}{% endfor %}
{%- endmacro -%}

{#- Columns on one line: a.k1, a.k2 -#}
{%- macro list_of(names, alias) -%}
{% for c in names %}{{ alias }}.{{ c | ident }}{{ ", " if not loop.last }}{% endfor %}
{%- endmacro -%}
