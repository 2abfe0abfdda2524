"""The other process of `bench`: plays calls to a running bridge over its ports and prints what it heard, as JSON."""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from collections.abc import Sequence

from daw_bridge.io.ports_rtmidi import open_system
from daw_bridge.io.priority import HELPERS, raise_thread, raised_helpers
from daw_bridge.live.player import Player

SETTLE_S = 0.3
"""A new client disturbs the server for a few cycles; then the music begins."""


def main(argv: Sequence[str] | None = None) -> int:
    """Play, print, return 0."""
    parser = argparse.ArgumentParser(prog="bench-player")
    parser.add_argument("--api", default="jack")
    parser.add_argument("--in-port", default="AI In", help="port of the bridge that is played to")
    parser.add_argument("--port", default="AI Out", help="port of the bridge that is listened to")
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--gap-s", type=float, required=True)
    options = parser.parse_args(argv)
    # It stands for a DAW, whose MIDI threads have real-time priority, too.
    with raised_helpers():
        system = open_system(options.api, client="aiart-player")
        keys, ear = system.open_out(options.in_port), system.open_in(options.port)
        system.close()
    raise_thread(HELPERS)
    time.sleep(SETTLE_S)
    try:
        performance = Player(keys, ear, options.gap_s).perform(options.turns)
    finally:
        keys.close()
        ear.close()
    print(json.dumps(dataclasses.asdict(performance)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
