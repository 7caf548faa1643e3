"""The shop's project with tables written by hand, as before its tables were SELECTs.

It tests that a deploy upgrades what an earlier version deployed, and that tables can still be
written by hand.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.harness import ROOT

BY_HAND = ROOT / "tests" / "by_hand"
SILVER = ("clean_customers", "clean_products", "clean_orders", "clean_order_items")
METRICS = (
    *("daily_sales", "customer_lifetime_value", "product_performance", "customer_months"),
    "cohort_retention",
)


def written_by_hand(folder: Path) -> Path:
    """Put the project together in an empty folder."""
    folder.mkdir()
    shutil.copy(ROOT / "warehouse.yaml", folder)
    shutil.copytree(ROOT / "contracts", folder / "contracts")
    for part in ("migrations", "sql"):
        shutil.copytree(BY_HAND / part, folder / part)
    return folder
