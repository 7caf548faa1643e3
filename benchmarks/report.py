from benchmarks.log import Log
import json
from benchmarks.options import RESULTS


def write(arena, options, log):
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "results.json").write_text(json.dumps(log.records, indent=1, default=str))
