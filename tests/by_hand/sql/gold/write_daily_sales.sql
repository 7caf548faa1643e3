-- Sales per day. Cancelled sales are not revenue. Grain: one day with orders.
{%- set sold, cancelled = 'NOT {row}.is_cancelled', '{row}.is_cancelled' %}
{{ routine.writer('gold.write_daily_sales') }}
BEGIN ATOMIC
    WITH images AS NOT MATERIALIZED (
        {{ counting.images(
            'gold.fact_sales', 'gold.fact_sales_changes',
            [
                'date_key', 'customer_id', 'order_id', 'order_date', 'is_cancelled', 'quantity',
                'total_amount',
            ],
        ) | indent(8) }}
    ),

    {{ counting.totals(
        'gold.daily_sales',
        key='date_key',
        measures={
            'orders': {'count': ['customer_id', 'order_date', 'order_id'], 'where': sold},
            'customers': {'count': ['date_key', 'customer_id'], 'where': sold},
            'quantity': {'sum': 'quantity', 'where': sold},
            'revenue': {'sum': 'total_amount', 'where': sold},
            'cancelled_orders': {
                'count': ['customer_id', 'order_date', 'order_id'], 'where': cancelled,
            },
            'cancelled_amount': {'sum': 'total_amount', 'where': cancelled},
        },
        table='gold.fact_sales',
    ) | indent(4) }},

    expected_groups AS (
        SELECT *
        FROM totals
        WHERE orders > 0 OR cancelled_orders > 0
    ),

    {{ merge.write_difference(
        'gold.daily_sales',
        key=['date_key'],
        columns=[
            'orders', 'customers', 'quantity', 'revenue', 'cancelled_orders', 'cancelled_amount',
        ],
        source='expected_groups',
        affected_keys='affected_groups',
        distinct=true,
    ) | indent(4) }}

    {{ merge.counts('affected_groups') | indent(4) }};
END;
COMMENT ON FUNCTION gold.write_daily_sales IS
'Brings gold.daily_sales up to date with gold.fact_sales. Arguments: the run; the run since which changes are read (0: all). Returns counts.';
