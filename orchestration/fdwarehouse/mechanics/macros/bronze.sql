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

{#- Whether no watermark shows when a row was changed, so that every run must look at it. -#}
{%- macro is_unstamped(table, alias) -%}
{{ alias ~ "." ~ (table.watermark | ident) ~ " IS NULL" if table.watermark else "true" }}
{%- endmacro -%}

{#- Whether a row was stamped since the fence of a run. -#}
{%- macro is_recent(table, source, alias, since_run_id, utc_offset=none) -%}
{{ alias }}.{{ table.watermark | ident }} >= (
    SELECT {{ table.lower_bound }}(
        {{ table.model | literal }}, p_run_id, {{ since_run_id }}
        {%- if table.is_stamped_in_local_time %}, {{ utc_offset or (source.name | ident) ~ ".utc_offset()" }}{% endif %}
    )
)
{%- endmacro -%}

{#- The values of a key, from which etl.key_hash is computed: as text, so that the type of a column may
    change; without the zeros of numbers, so that equal values have one image. -#}
{%- macro key_image(table, alias) -%}
jsonb_build_array(
    {%- for name in table.key | sort %}
    {%- set column = table.contract_columns | selectattr("name", "eq", name) | first %}
    {%- set value = alias ~ "." ~ (name | ident) %}
    {{ "trim_scale(" ~ value ~ ")" if column.type.startswith("numeric") else value }}::text{{ "," if not loop.last }}
    {%- endfor %}
)
{%- endmacro -%}

{#- Whether a row may be read: etl.forget has not erased it. -#}
{%- macro is_not_forgotten(table, alias) -%}
{%- set forgotten = "FROM etl.forgotten_keys AS f WHERE f.model = " ~ (table.model | literal) -%}
(
    NOT EXISTS (SELECT {{ forgotten }})
    OR etl.key_hash({{ key_image(table, alias) | indent(4) }})
    NOT IN (SELECT f.key_hash {{ forgotten }})
)
{%- endmacro -%}

{#- How many of some rows have no watermark, and the sum of their hashes. A row may stand for several
    identical ones. -#}
{%- macro unstamped_rows(table, rows, alias, image, copies=none) -%}
SELECT
    {{ "coalesce(sum(" ~ copies ~ "), 0)" if copies else "count(*)" }} AS row_count,
    coalesce(sum({{ table.hash_function }}({{ image | indent(8) }}){{ " * " ~ copies ~ "::numeric" if copies }}), 0) AS hash
FROM {{ rows }} AS {{ alias }}
WHERE {{ is_unstamped(table, alias) }}
{%- endmacro -%}

{#- Whether one of some patterns of warehouse.yaml matches a table. -#}
{%- macro matches_any(patterns, alias) -%}
{%- for p in patterns -%}
{{ alias }}.schema_name ~ {{ ("^(" ~ p.regexes[0] ~ ")$") | literal }} AND {{ alias }}.table_name ~ {{ ("^(" ~ p.regexes[1] ~ ")$") | literal }}{{ " OR " if not loop.last }}
{%- endfor -%}
{%- endmacro -%}

{#- The text of a column that is masked, the same for equal values: as the source sends it, since a cast
    writes inet and boolean otherwise, and without the blanks that fill a char(n). -#}
{%- macro masked_text(table, column, alias) -%}
{%- set plain = alias ~ "." ~ (column.name | ident) -%}
{%- set type = (table.watched_columns | selectattr("name", "eq", column.name) | first).type -%}
{%- set text = plain if table.mounted_columns[column.name] == "text" else "CASE WHEN " ~ plain ~ " IS NOT NULL THEN format('%s', " ~ plain ~ ") END" -%}
{{ "rtrim(" ~ text ~ ", ' ')" if type.partition("(")[0] in ("character", "bpchar") and not type.endswith("]") else text }}
{%- endmacro -%}

{#- The value of a column of a source as the warehouse takes it. The hash is an HMAC in which the
    two keys are independent (NMAC): Bellare, Canetti and Krawczyk, "Keying Hash Functions for
    Message Authentication", 1996. -#}
{%- macro masked(table, column, alias) -%}
{%- if column.mask == "hash" -%}
encode(sha256(
        (SELECT k.outer_key FROM etl.mask_keys AS k)
        || sha256((SELECT k.inner_key FROM etl.mask_keys AS k) || convert_to({{ masked_text(table, column, alias) }}, 'UTF8'))
    ), 'hex')
{%- elif column.mask == "domain" -%}
substring({{ masked_text(table, column, alias) }} FROM '@([^@]*)$')
{%- elif column.mask == "redact" -%}
'***'::text
{%- elif column.mask == "null" -%}
NULL::{{ column.type }}
{%- else -%}
{{ alias }}.{{ column.name | ident }}
{%- endif -%}
{%- endmacro -%}

{#- A row of a source for its hash. Masked values are not hashed; without them, the function is simple
    enough to be inlined, so that the source evaluates it. -#}
{%- macro image(table, alias) -%}
{%- if table.contract_columns | selectattr("mask") | list -%}
{%- set hashed = table.row_hashes | map(attribute="name") | list -%}
row(
    {%- for c in table.contract_columns %}
    {{ alias ~ "." ~ (c.name | ident) if c.name in hashed else "NULL" }}{{ "," if not loop.last }}
    {%- endfor %}
)::{{ table.foreign_table }}
{%- else -%}
{{ alias }}.*
{%- endif -%}
{%- endmacro -%}
