{#- The metadata columns that a silver view takes from bronze. _seen_at is on the same clock as the
    source's timestamps without time zone. _partition and _version are the physical location of the
    version in bronze, from which etl.prune_bronze knows the versions that silver rejects. _source_key
    is the key of the row in bronze, for silver tables with a computed key. -#}
{%- macro metadata(source) -%}
_is_deleted AS is_deleted,
_run_id,
tableoid AS _partition,
ctid AS _version,
{{ source_key_here }} AS _source_key,
_extracted_at AT TIME ZONE {{ source.local_time_zone | literal }} AS _seen_at
{%- endmacro -%}

{#- The bucket of a row, from its key. -#}
{%- macro bucket_of(table, alias) -%}
{{ table.bucket_function }}({{ table.key_hashes | map(attribute="name") | filled(alias) }})
{%- endmacro -%}

{#- Whether a part of the key is null. -#}
{%- macro is_unkeyed(table, alias) -%}
{%- set parts %}{% for c in table.key %}{{ alias }}.{{ c | ident }} IS NULL{{ " OR " if not loop.last }}{% endfor %}{% endset -%}
{{ parts if table.key | length == 1 else "(" ~ parts ~ ")" }}
{%- endmacro -%}

{#- Whether no part of the key is null. -#}
{%- macro is_keyed(table, alias) -%}
{% for c in table.key %}{{ alias }}.{{ c | ident }} IS NOT NULL{{ " AND " if not loop.last }}{% endfor %}
{%- endmacro -%}

{#- Whether one of some patterns of warehouse.yaml matches a table. -#}
{%- macro matches_any(patterns, alias) -%}
{%- for p in patterns -%}
{{ alias }}.schema_name ~ {{ ("^(" ~ p.regexes[0] ~ ")$") | literal }} AND {{ alias }}.table_name ~ {{ ("^(" ~ p.regexes[1] ~ ")$") | literal }}{{ " OR " if not loop.last }}
{%- endfor -%}
{%- endmacro -%}
