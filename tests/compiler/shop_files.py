"""The shop's project as it was written by hand, before its tables were SELECTs.

It holds two promises: what an earlier version deployed is taken over by a deploy, and who writes a
table by hand can still do so.
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
