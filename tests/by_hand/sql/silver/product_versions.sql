-- Products as cleaned by silver, with the rules that they break.
-- Grain: one version of one product.
CREATE VIEW silver.product_versions AS
WITH cleaned_versions AS (
    SELECT
        product_id,
        btrim(name) AS name,
        lower(btrim(category)) AS category,
        price,
        created_at,
        updated_at,
        {{ bronze.metadata(source.production) | indent(8) }}
    FROM bronze.raw_products
)

SELECT
    *,
    {{ silver.reject_reasons({
        'price is null, negative or NaN': ["price IS NULL", "price < 0", "price = 'NaN'"],
    }) | indent(4) }} AS reject_reasons
FROM cleaned_versions;
COMMENT ON VIEW silver.product_versions IS
'Every version of every product, cleaned, with the rules that it breaks. Grain: one version of one product.';
