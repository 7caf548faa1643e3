-- Customers as cleaned by silver, with the rules that they break.
-- Grain: one version of one customer.
CREATE VIEW silver.customer_versions AS
WITH cleaned_versions AS (
    SELECT
        customer_id,
        lower(btrim(email)) AS email,
        initcap(btrim(full_name)) AS full_name,
        created_at,
        updated_at,
        {{ bronze.metadata(source.production) | indent(8) }}
    FROM bronze.raw_customers
)

SELECT
    *,
    {{ silver.reject_reasons({
        'email is empty': ["email IS NULL", "email = ''"],
        'full_name is null': ["full_name IS NULL"],
    }) | indent(4) }} AS reject_reasons
FROM cleaned_versions;
COMMENT ON VIEW silver.customer_versions IS
'Every version of every customer, cleaned, with the rules that it breaks. Grain: one version of one customer.';
