{#- One row image against another: true when any column differs, null or not, whatever its type;
    json, xml and point have no equality operator. It is the test that REFRESH MATERIALIZED VIEW
    CONCURRENTLY makes. For bronze. -#}
{%- macro images_differ(left, right, columns) -%}
record_image_ne(
    ROW(
        {{ columns_of(columns, left) | indent(8) }}
    ),
    ROW(
        {{ columns_of(columns, right) | indent(8) }}
    )
)
{%- endmacro -%}

{#- Whether any value differs: 1.0 and 1.00 are the same. For silver and gold. -#}
{%- macro values_differ(left, right, columns) -%}
(
    {{ columns_of(columns, left) | indent(4) }}
) IS DISTINCT FROM (
    {{ columns_of(columns, right) | indent(4) }}
)
{%- endmacro -%}

{#- a.k1 = b.k1 AND a.k2 = b.k2 -#}
{%- macro same_key(left, right, key) -%}
{% for c in key %}{{ left }}.{{ c | ident }} = {{ right }}.{{ c | ident }}{{ " AND " if not loop.last }}{% endfor %}
{%- endmacro -%}

{#- Columns, one a line, with an optional alias; ends without a comma. -#}
{%- macro columns_of(names, alias=none) -%}
{% for c in names %}{{ alias ~ "." if alias }}{{ c | ident }}{{ ",\n" if not loop.last }}{% endfor %}
{%- endmacro -%}

{#- Columns on one line: a.k1, a.k2 -#}
{%- macro list_of(names, alias) -%}
{% for c in names %}{{ alias }}.{{ c | ident }}{{ ", " if not loop.last }}{% endfor %}
{%- endmacro -%}
