{#- Rendered once a table of silver: the view with every version, cleaned, and the rules it breaks.
    select     the SELECT of the table, taken apart
    table      the table of the source that it is made of
    zone       of its time stamps without time zone
    rules      reason -> conditions -#}
-- noqa: disable=all
CREATE VIEW {{ target.versions }} AS
WITH cleaned_versions AS (
    {{ select.columns | indent(4) }},
        {{ select.alias }}._is_deleted{% if select.condition %} OR ({{ select.condition | indent(8) }}) IS NOT TRUE{% endif %} AS is_deleted,
        {{ select.alias }}._run_id,
        {{ select.alias }}.tableoid AS _partition,
        {{ select.alias }}.ctid AS _version,
        ARRAY[{% for c in table.key %}{{ select.alias }}.{{ c | ident }}::text{{ ", " if not loop.last }}{% endfor %}] AS _source_key,
        {{ select.alias }}._extracted_at AT TIME ZONE {{ zone | literal }} AS _seen_at
    {{ select.table | indent(4) }}
)

SELECT
    *,
    {{ silver.reject_reasons(rules) | indent(4) }} AS reject_reasons
FROM cleaned_versions;
COMMENT ON VIEW {{ target.versions }} IS
{{ ("Every version of a row in " ~ table.raw_table ~ ", as " ~ target.qualified ~ " would have it, and the rules that it breaks. Grain: one version.") | literal }};
