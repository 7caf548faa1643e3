{#- Rendered once a dimension: the view with every version of its members.
    select     the SELECT of the table, taken apart
    source     the versions of the table of silver that it reads -#}
-- noqa: disable=all
CREATE VIEW {{ target.versions }} AS
{{ select.columns }},
    {{ select.alias }}.is_deleted{% if select.condition %} OR ({{ select.condition | indent(4) }}) IS NOT TRUE{% endif %} AS is_deleted,
    {{ select.alias }}._run_id,
    {{ select.alias }}._seen_at,
    {{ select.alias }}.reject_reasons
FROM {{ source }} AS {{ select.alias }};
COMMENT ON VIEW {{ target.versions }} IS
{{ ("Every version of the members of " ~ target.qualified ~ ". Grain: one version.") | literal }};
