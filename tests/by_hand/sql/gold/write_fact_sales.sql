-- Sales, each with the versions of customer and product that were valid when it was ordered. Logs
-- its deltas in gold.fact_sales_changes for the metrics.
-- Grain: one order item.
{%- set images = [
    'date_key', 'customer_id', 'product_id', 'order_id', 'order_date', 'is_cancelled', 'quantity',
    'total_amount',
] %}
{{ routine.writer('gold.write_fact_sales') }}
BEGIN ATOMIC
    WITH changed_items AS (
        SELECT order_item_id
        FROM silver.clean_order_items
        WHERE _run_id > p_since_run_id AND p_since_run_id > 0
        UNION
        SELECT i.order_item_id
        FROM silver.clean_orders AS o
        INNER JOIN silver.clean_order_items AS i ON o.order_id = i.order_id
        WHERE o._run_id > p_since_run_id AND p_since_run_id > 0
        UNION
        {{ gold.rekeyed_facts(
            'fact_sales', 'order_item_id', 'order_date', 'dim_customers', 'customer_key', 'customer_id'
        ) | indent(8) }}
        UNION
        {{ gold.rekeyed_facts(
            'fact_sales', 'order_item_id', 'order_date', 'dim_products', 'product_key', 'product_id'
        ) | indent(8) }}
    ),

    affected_items AS (
        SELECT order_item_id
        FROM changed_items
        UNION ALL
        SELECT order_item_id
        FROM gold.fact_sales
        WHERE p_since_run_id = 0
    ),

    expected_items AS (
        SELECT i.*
        FROM changed_items AS d
        INNER JOIN silver.clean_order_items AS i ON d.order_item_id = i.order_item_id
        UNION ALL
        SELECT *
        FROM silver.clean_order_items
        WHERE p_since_run_id = 0
    ),

    expected_sales AS (
        SELECT
            i.order_item_id,
            to_char(o.order_date, 'YYYYMMDD')::integer AS date_key,
            coalesce(c.customer_key, -1) AS customer_key,
            coalesce(p.product_key, -1) AS product_key,
            o.customer_id,
            i.product_id,
            o.order_id,
            o.order_date,
            o.status AS order_status,
            i.quantity,
            i.unit_price
        FROM expected_items AS i
        INNER JOIN silver.clean_orders AS o ON i.order_id = o.order_id
        LEFT JOIN gold.dim_customers AS c
            ON o.customer_id = c.customer_id
                AND o.order_date >= c.valid_from
                AND o.order_date < c.valid_to
        LEFT JOIN gold.dim_products AS p
            ON i.product_id = p.product_id
                AND o.order_date >= p.valid_from
                AND o.order_date < p.valid_to
        WHERE NOT i.is_deleted AND NOT o.is_deleted
    ),

    {{ merge.write_difference(
        'gold.fact_sales',
        key=['order_item_id'],
        columns=[
            'date_key', 'customer_key', 'product_key', 'customer_id', 'product_id', 'order_id',
            'order_date', 'order_status', 'quantity', 'unit_price',
        ],
        source='expected_sales',
        affected_keys='affected_items',
        returns=images,
        distinct=true,
    ) | indent(4) }},

    {{ counting.log_images('gold.fact_sales_changes', images) | indent(4) }}

    {{ merge.counts('expected_sales') | indent(4) }};
END;
COMMENT ON FUNCTION gold.write_fact_sales IS
'Brings gold.fact_sales up to silver and the dimensions. Arguments: the run; the run since which changes are read (0: all). Returns counts.';
