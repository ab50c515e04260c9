"""`make faults`: thousands of runs while all around them fails and people reset them, and what became of every message.

Nothing may arrive twice where that is promised or without the approval that it needs, nothing that is reported as sent
and no event that a gateway has taken may be missing, every run ends or waits for people, and no half of a definition
runs while it is being written. Exits with 1 where a promise broke.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

from bench.faults.storm import Storm
from bench.stage import conclude


def main() -> None:
    """Print the tables, and exit with 1 where a promise broke."""
    parser = argparse.ArgumentParser(prog="bench.faults", description=__doc__)
    parser.add_argument("--runs", type=int, default=2000, help="how many runs")
    parser.add_argument("--concurrency", type=int, default=150, help="how many of them at a time")
    parser.add_argument("--rate", type=float, default=0.25, help="share of the requests that meet a fault")
    parser.add_argument("--kill-every", type=float, default=4, help="about how many seconds pass between two kills")
    parser.add_argument("--resets", type=float, default=0.2, help="share of the runs that are reset, once or more")
    parser.add_argument("--restarts", type=int, default=2, help="how often Temporal is restarted")
    parser.add_argument("--releases", type=int, default=3, help="how often workers and gateways are released anew")
    seed = int(time.time())
    parser.add_argument("--seed", type=int, default=seed, help="of everything that is left to chance")
    given = parser.parse_args()
    sys.stderr.write(f"seed {given.seed}\n")
    folder = Path(tempfile.mkdtemp(prefix="trunkline-faults-"))
    storm = Storm(given, folder, random.Random(given.seed))  # noqa: S311 # chance, not a secret
    asyncio.run(storm.blow())
    conclude(storm.lines(), storm.broken, folder)


if __name__ == "__main__":
    main()
