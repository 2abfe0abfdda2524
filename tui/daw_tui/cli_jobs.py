"""The offline commands, run as child processes with `--json`: the screen never loads a model itself.

They go after the bridge: what is composed or painted meanwhile must not be heard in the music.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from daw_bridge.errors import BridgeError


async def run_json(arguments: Sequence[str], on_words: Callable[[str], None] | None = None) -> Any:
    """What `aiart-bridge ARGUMENTS --json` prints. Raises BridgeError with its last word when it fails.

    `on_words` is given each line it says on stderr meanwhile. Cancelling ends the child.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "daw_bridge",
        *arguments,
        "--json",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "AIART_STEP_BACK": "1"},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    words: list[str] = []

    async def listen(stream: asyncio.StreamReader) -> None:
        while data := await stream.readline():
            line = data.decode("utf-8", "replace").rsplit("\r", 1)[-1].strip()
            if line:
                words.append(line)
                if on_words is not None:
                    on_words(line)

    try:
        output, _ = await asyncio.gather(process.stdout.read(), listen(process.stderr))
        status = await process.wait()
    except asyncio.CancelledError:
        if process.returncode is None:
            process.terminate()
            await process.wait()
        raise
    try:
        result = json.loads(output) if output.strip() else None
    except ValueError:
        result = None
    if status != 0 or result is None:
        said = words[-1] if words else f"ended with status {status}"
        raise BridgeError(said.removeprefix("aiart-bridge: error: "))
    return result
