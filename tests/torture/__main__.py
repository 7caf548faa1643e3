"""The long torture: `python -m tests.torture --minutes 30 --report build/torture.md`."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.torture.campaign import Campaign
from tests.torture.history import TortureError

ROUND_SECONDS = 20


def main() -> int:
    """Run the torture test, print the figures, and return 1 if a guarantee was violated."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", default=f"{time.time_ns() // 10**9}")
    parser.add_argument("--report", type=Path, default=Path("build/torture.md"))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        campaign = Campaign(Path(folder), options.seed)
        report = campaign.report
        try:
            while (seconds := time.monotonic() - began) < 60 * options.minutes:
                campaign.round(min(ROUND_SECONDS, 60 * options.minutes - seconds))
                figures = report.figures()
                print(f"round {report.rounds}, {figures['kills']} kills", flush=True)
            campaign.finish()
        except TortureError as error:
            print(error, flush=True)
            return 1
        finally:
            report.seconds = time.monotonic() - began
            campaign.close()
            report.write(options.report)
            story = options.report.with_name("torture-history.txt")
            story.write_text(campaign.history.text(), encoding="utf-8")
            print(f"\n{report.table()}\n{options.report} has this table, {story} all events")
    if not report.control_has_lost:
        print("The control lost no row: this torture proves nothing.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
