{#- The metadata columns that a silver view takes over from bronze.
    _seen_at is on the same clock as the source's time stamps without time zone. -#}
{%- macro metadata(source) -%}
_is_deleted AS is_deleted,
_run_id,
_extracted_at AT TIME ZONE {{ source.local_time_zone | literal }} AS _seen_at
{%- endmacro -%}
