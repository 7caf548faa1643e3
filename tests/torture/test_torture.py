"""G1, G3 and G4 under concurrent failures, for half a minute; `make torture` runs longer."""

from contextlib import closing
from pathlib import Path

from tests.torture.campaign import Campaign

SEED = "1"
ROUNDS = 2
SECONDS = 8


def test_g1_g3_g4_nothing_is_lost_under_fire(tmp_path: Path) -> None:
    with closing(Campaign(tmp_path, SEED)) as campaign:
        for _ in range(ROUNDS):
            campaign.round(SECONDS)
        campaign.finish()
        print(f"seed {SEED}\n{campaign.report.table()}")
        assert campaign.report.control_has_lost  # a check that cannot fail proves nothing
