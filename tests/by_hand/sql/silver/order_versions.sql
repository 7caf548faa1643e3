-- Orders as cleaned by silver, with the rules that they break.
-- Grain: one version of one order.
CREATE VIEW silver.order_versions AS
WITH cleaned_versions AS (
    SELECT
        order_id,
        customer_id,
        order_date,
        lower(btrim(status)) AS status,
        created_at,
        updated_at,
        {{ bronze.metadata(source.production) | indent(8) }}
    FROM bronze.raw_orders
)

SELECT
    *,
    {{ silver.reject_reasons({
        'customer_id is null': ["customer_id IS NULL"],
        'order_date is not in the years 1 to 9999': [
            "order_date IS NULL",
            "order_date < '0001-01-01'",
            "order_date >= '10000-01-01'",
        ],
        'unknown status': [
            "status IS NULL",
            "status NOT IN ('pending', 'confirmed', 'shipped', 'delivered', 'cancelled')",
        ],
    }) | indent(4) }} AS reject_reasons
FROM cleaned_versions;
COMMENT ON VIEW silver.order_versions IS
'Every version of every order, cleaned, with the rules that it breaks. Grain: one version of one order.';
