"""The other process of `bench`: plays a scene to a running bridge over its ports and prints what it heard, as JSON."""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from collections.abc import Sequence

from daw_bridge.io.ports_rtmidi import open_system
from daw_bridge.io.priority import HELPERS, forgo_priority, raise_thread
from daw_bridge.live.bench.players import musician

SETTLE_S = 0.3
"""A new client disturbs the server for a few cycles; then the music begins."""


def main(argv: Sequence[str] | None = None) -> int:
    """Play, print, return 0."""
    parser = argparse.ArgumentParser(prog="bench-player")
    parser.add_argument("--api", default="jack")
    parser.add_argument("--in-port", default="AI In", help="port of the bridge that is played to")
    parser.add_argument("--port", default="AI Out", help="port of the bridge that is listened to")
    parser.add_argument("--scene", default="pause")
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--gap-s", type=float, required=True)
    parser.add_argument("--plain", action="store_true", help="at the priority of any program")
    options = parser.parse_args(argv)
    if options.plain:
        forgo_priority()
    system = open_system(options.api, client="aiart-player")
    keys, ear = system.open_out(options.in_port), system.open_in(options.port)
    system.close()
    # It stands for a DAW, whose MIDI threads go before other programs.
    raise_thread(HELPERS)
    time.sleep(SETTLE_S)
    try:
        performance = musician(options.scene, keys, ear, options.gap_s).perform(options.turns)
    finally:
        keys.close()
        ear.close()
    print(json.dumps(dataclasses.asdict(performance)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
