{#- Rendered once per dimension: a view with all versions of its members.
    select     the parts of the SELECT of the table
    source     the versions of the silver table that it reads -#}
-- noqa: disable=all
CREATE VIEW {{ target.versions }} AS
{{ select.columns }},
    {{ select.alias }}.is_deleted{% if select.condition %} OR ({{ select.condition | indent(4) }}) IS NOT TRUE{% endif %} AS is_deleted,
    {{ select.alias }}._run_id,
    {{ select.alias }}._seen_at,
    {{ select.alias }}.reject_reasons
FROM {{ source }} AS {{ select.alias }};
COMMENT ON VIEW {{ target.versions }} IS
{{ ("All versions of the members of " ~ target.qualified ~ ". Grain: one version.") | literal }};
