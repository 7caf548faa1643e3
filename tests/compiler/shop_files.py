"""The shop's tables as SELECTs, put in the place of what is written by hand."""

from __future__ import annotations

import shutil
from pathlib import Path

SHOP = Path(__file__).parent / "shop"
_BY_HAND = {
    "clean_customers": ("silver/write_clean_customers.sql",),
    "clean_products": ("silver/write_clean_products.sql",),
    "clean_orders": ("silver/write_clean_orders.sql",),
    "clean_order_items": ("silver/write_clean_order_items.sql",),
    "dim_customers": ("gold/write_dim_customers.sql", "gold/dim_customers_as_of.sql"),
    "dim_products": ("gold/write_dim_products.sql", "gold/dim_products_as_of.sql"),
}
_NEW = ("monthly_customer_sales", "cohort_months")
METRICS = (
    *("daily_sales", "customer_lifetime_value", "product_performance", "monthly_customer_sales"),
    *("customer_months", "cohort_months", "cohort_retention"),
)
SILVER = ("clean_customers", "clean_products", "clean_orders", "clean_order_items")


def take_over(project: Path, *tables: str) -> None:
    """Put SELECTs in the place of hand-written files."""
    for table in tables:
        layer = "silver" if table.startswith("clean_") else "gold"
        shutil.copy(SHOP / layer / f"{table}.sql", project / "sql" / layer / f"{table}.sql")
        for file in _BY_HAND.get(table, (f"{layer}/write_{table}.sql",)):
            (project / "sql" / file).unlink(missing_ok=table in _NEW)
