"""`python -m ocop_verify bundle.cbor anchor.txt --now 1792382400`: prints what can be said of a bundle, as JSON.

Exit code 0 when everything that a green state asks for is proven, 1 when not, 2 when a file cannot be read.
"""

import argparse
import json
import pathlib
import sys
import time

from .cbor import Refused
from .vectors import answer
from .verify import FOR_GREEN, PROVEN, verify


def main():
    parser = argparse.ArgumentParser(prog="ocop_verify", description="Says what is proven about a bundle.")
    parser.add_argument("bundle", type=pathlib.Path)
    parser.add_argument("anchor", type=pathlib.Path)
    parser.add_argument("--now", type=int, default=int(time.time()), help="seconds since 1970 (default: this clock)")
    given = parser.parse_args()
    try:
        verdict = verify(given.bundle.read_bytes(), given.anchor.read_text(encoding="utf-8"), given.now)
    except (OSError, UnicodeDecodeError, Refused) as error:
        print(f"ocop_verify: {error}", file=sys.stderr)
        return 2
    print(json.dumps(answer(verdict), ensure_ascii=False, indent=2))
    return 0 if all(verdict.statements.get(name) == PROVEN for name in FOR_GREEN) else 1


if __name__ == "__main__":
    sys.exit(main())
