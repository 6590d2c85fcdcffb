"""python -m cubeset.teacher KIND: run a teacher that comes with cubeset."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from typing import Optional, Sequence

from .errors import Stop
from .kinds import KINDS, make
from .kinds.settings import ENV
from .serving import serve_lazily

_USAGE = f"""usage: cubeset-teacher KIND             (cubeset starts it; the settings are in {ENV})
       cubeset-teacher describe KIND    print which model that is, as the host would see it

KIND is one of {", ".join(KINDS)}.
"""


def main(args: Optional[Sequence[str]] = None) -> None:
    args = list(sys.argv[1:] if args is None else args)
    describing = args[:1] == ["describe"]
    if describing:
        args = args[1:]
    if len(args) != 1 or args[0].startswith("-"):
        sys.exit(_USAGE)
    try:
        teacher = make(args[0], os.environ.get(ENV, "{}"))
        if describing:
            print(json.dumps(dataclasses.asdict(teacher.description), indent=2, ensure_ascii=False))
            return
    except Stop as e:
        sys.exit(f"teacher {args[0]}: {e}")
    serve_lazily(teacher.embed, lambda: teacher.description)


if __name__ == "__main__":
    main()
