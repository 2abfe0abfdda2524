"""`python -m daw_bridge`: the same as `aiart-bridge`."""

from __future__ import annotations

import sys

from daw_bridge.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
