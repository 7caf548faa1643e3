-- Order items as cleaned by silver, with the rules that they break.
-- Grain: one version of one order item.
CREATE VIEW silver.order_item_versions AS
WITH cleaned_versions AS (
    SELECT
        order_item_id,
        order_id,
        product_id,
        quantity,
        unit_price,
        created_at,
        updated_at,
        {{ bronze.metadata(source.production) | indent(8) }}
    FROM bronze.raw_order_items
)

SELECT
    *,
    {{ silver.reject_reasons({
        'order_id is null': ["order_id IS NULL"],
        'product_id is null': ["product_id IS NULL"],
        'quantity is null or not positive': ["quantity IS NULL", "quantity <= 0"],
        'unit_price is null, negative or NaN': [
            "unit_price IS NULL",
            "unit_price < 0",
            "unit_price = 'NaN'",
        ],
    }) | indent(4) }} AS reject_reasons
FROM cleaned_versions;
COMMENT ON VIEW silver.order_item_versions IS
'Every version of every order item, cleaned, with the rules that it breaks. Grain: one version of one order item.';
