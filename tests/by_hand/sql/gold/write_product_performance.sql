-- Sales per product. Cancelled sales are not revenue. Grain: one product that was ordered.
{%- set sold = 'NOT {row}.is_cancelled' %}
{{ routine.writer('gold.write_product_performance') }}
BEGIN ATOMIC
    WITH images AS NOT MATERIALIZED (
        {{ counting.images(
            'gold.fact_sales', 'gold.fact_sales_changes',
            [
                'product_id', 'customer_id', 'order_id', 'order_date', 'is_cancelled', 'quantity',
                'total_amount',
            ],
        ) | indent(8) }}
    ),

    {{ counting.totals(
        'gold.product_performance',
        key='product_id',
        measures={
            'orders': {
                'count': ['product_id', 'customer_id', 'order_date', 'order_id'], 'where': sold,
            },
            'customers': {'count': ['product_id', 'customer_id'], 'where': sold},
            'quantity': {'sum': 'quantity', 'where': sold},
            'revenue': {'sum': 'total_amount', 'where': sold},
        },
        table='gold.fact_sales',
    ) | indent(4) }},

    expected_groups AS (
        SELECT
            product_id,
            orders,
            customers,
            quantity,
            revenue,
            round(revenue / nullif(quantity, 0), 2) AS average_unit_price,
            (
                SELECT min(f.order_date)
                FROM gold.fact_sales AS f
                WHERE f.product_id = totals.product_id AND NOT f.is_cancelled
            ) AS first_order_date,
            (
                SELECT max(f.order_date)
                FROM gold.fact_sales AS f
                WHERE f.product_id = totals.product_id AND NOT f.is_cancelled
            ) AS last_order_date
        FROM totals
        WHERE EXISTS (SELECT FROM gold.fact_sales AS f WHERE f.product_id = totals.product_id)
    ),

    {{ merge.write_difference(
        'gold.product_performance',
        key=['product_id'],
        columns=[
            'orders', 'customers', 'quantity', 'revenue', 'average_unit_price', 'first_order_date',
            'last_order_date',
        ],
        source='expected_groups',
        affected_keys='affected_groups',
        distinct=true,
    ) | indent(4) }}

    {{ merge.counts('affected_groups') | indent(4) }};
END;
COMMENT ON FUNCTION gold.write_product_performance IS
'Brings gold.product_performance up to date with gold.fact_sales. Arguments: the run; the run since which changes are read (0: all). Returns counts.';
