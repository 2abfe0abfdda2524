"""Damage good files at random, hand them to `compose`, and see that each gives music or one line.

    python -m tests.offline.broken FOLDER [--files 300] [--model memory] [--seed 1]

Exit status 1 when a file crashed it, took 5 s or longer, or the process grew to a gigabyte.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from daw_bridge.cli.main import compose
from tests.offline.hundred import chosen_files

LONGEST_S: Final = 5.0
MOST_BYTES: Final = 1 << 30
_DAMAGES: Final = ("flip", "cut", "insert", "repeat", "zero")


def damaged(data: bytes, draw: random.Random) -> bytes:
    """The bytes with one to twenty of them changed, or a piece cut out, put in, doubled or zeroed."""
    out = bytearray(data)
    kind = draw.choice(_DAMAGES)
    first = draw.randrange(len(out))
    last = min(first + draw.randrange(1, 200), len(out))
    match kind:
        case "flip":
            for _ in range(draw.randrange(1, 21)):
                out[draw.randrange(len(out))] ^= 1 << draw.randrange(8)
        case "cut":
            del out[first:last]
        case "insert":
            out[first:first] = draw.randbytes(last - first)
        case "repeat":
            out[first:first] = out[first:last]
        case _:
            out[first:last] = bytes(last - first)
    return bytes(out)


def tried(path: Path, out: Path, model: str) -> tuple[int, str, float]:
    """Exit status, what was said on stderr, and seconds of `compose` on a file, in this process."""
    said = io.StringIO()
    begun_s = time.perf_counter()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        status = compose([str(path), "-o", str(out), "--bars", "2", "--model", model, "--seed", "1"])
    return status, said.getvalue(), time.perf_counter() - begun_s


def fault_of(status: int, said: str, seconds: float, written: bool) -> str:
    """What is wrong with such an end; empty when nothing is."""
    lines = [line for line in said.splitlines() if ": note: " not in line]
    if seconds >= LONGEST_S:
        return f"took {seconds:.1f} s"
    if status == 0:
        return "" if written and not lines else f"done, but {lines or 'nothing was written'}"
    if status == 2:
        return "" if len(lines) == 1 and not written else f"refused in {len(lines)} lines"
    return f"status {status}: {said.strip()[-300:]}"


def largest_bytes() -> int:
    """The most memory this process ever had, 0 where the system does not say."""
    with contextlib.suppress(OSError, StopIteration, ValueError):
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) << 10
    return 0


def main(argv: list[str] | None = None) -> int:
    """Run it. Returns the exit status."""
    parser = argparse.ArgumentParser(description="Hand damaged files to compose.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--model", default="memory")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    draw = random.Random(options.seed)
    ends = {0: 0, 2: 0}
    faults, slowest_s = [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "damaged.mid", Path(folder) / "out.mid"
        for source in chosen_files(options.folder, options.files, options.seed):
            path.write_bytes(damaged(source.read_bytes(), draw))
            out.unlink(missing_ok=True)
            status, said, seconds = tried(path, out, options.model)
            slowest_s = max(slowest_s, seconds)
            ends[status] = ends.get(status, 0) + 1
            fault = fault_of(status, said, seconds, out.exists())
            if fault:
                faults.append(fault)
                sys.stdout.write(f"{source}: {fault}\n")
    used = largest_bytes()
    sys.stdout.write(
        f"{sum(ends.values())} damaged files: {ends[0]} continued, {ends[2]} refused in a line, {len(faults)} faults;"
        f" the slowest took {slowest_s:.2f} s, the most memory was {used >> 20} MiB\n"
    )
    return 1 if faults or used >= MOST_BYTES else 0


if __name__ == "__main__":
    raise SystemExit(main())
