-- Revenue of each customer, without cancelled orders.
-- Grain: one customer with orders.
{%- set sold, cancelled = 'NOT {row}.is_cancelled', '{row}.is_cancelled' %}
{{ routine.writer('gold.write_customer_lifetime_value') }}
BEGIN ATOMIC
    WITH images AS NOT MATERIALIZED (
        {{ counting.images(
            'gold.fact_sales', 'gold.fact_sales_changes',
            [
                'customer_id', 'order_id', 'order_date', 'is_cancelled', 'quantity', 'total_amount',
            ],
        ) | indent(8) }}
    ),

    {{ counting.totals(
        'gold.customer_lifetime_value',
        key='customer_id',
        measures={
            'orders': {'count': ['customer_id', 'order_date', 'order_id'], 'where': sold},
            'quantity': {'sum': 'quantity', 'where': sold},
            'revenue': {'sum': 'total_amount', 'where': sold},
            'cancelled_orders': {
                'count': ['customer_id', 'order_date', 'order_id'], 'where': cancelled,
            },
        },
        table='gold.fact_sales',
    ) | indent(4) }},

    expected_groups AS (
        SELECT
            customer_id,
            orders,
            quantity,
            revenue,
            round(revenue / nullif(orders, 0), 2) AS average_order_value,
            (
                SELECT min(f.order_date)
                FROM gold.fact_sales AS f
                WHERE f.customer_id = totals.customer_id AND NOT f.is_cancelled
            ) AS first_order_date,
            (
                SELECT max(f.order_date)
                FROM gold.fact_sales AS f
                WHERE f.customer_id = totals.customer_id AND NOT f.is_cancelled
            ) AS last_order_date,
            cancelled_orders
        FROM totals
        WHERE orders > 0 OR cancelled_orders > 0
    ),

    {{ merge.write_difference(
        'gold.customer_lifetime_value',
        key=['customer_id'],
        columns=[
            'orders', 'quantity', 'revenue', 'average_order_value', 'first_order_date',
            'last_order_date', 'cancelled_orders',
        ],
        source='expected_groups',
        affected_keys='affected_groups',
        distinct=true,
    ) | indent(4) }}

    {{ merge.counts('affected_groups') | indent(4) }};
END;
COMMENT ON FUNCTION gold.write_customer_lifetime_value IS
'Brings gold.customer_lifetime_value up to date with gold.fact_sales. Arguments: the run; the run since which changes are read (0: all). Returns counts.';
