{#- Rendered once per table of silver: a view with all versions, cleaned, and the rules that they break.
    select     the parts of the SELECT of the table
    table      the table of the source that it reads
    zone       the time zone of its timestamps without time zone
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
{{ ("All versions in " ~ table.raw_table ~ ", cleaned as in " ~ target.qualified ~ ", with the rules that they break. Grain: one version.") | literal }};
