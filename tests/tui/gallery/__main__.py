"""``python -m tests.tui.gallery take [WALK ..]`` takes the pictures anew; ``.. draw DIR [PICTURE ..]`` draws what is kept."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.tui.gallery import KEPT, WALKS, file_of
from tests.tui.gallery.draw import draw
from tests.tui.gallery.picture import LANGS
from tests.tui.gallery.taking import taken


async def take(names: list[str]) -> None:
    KEPT.mkdir(exist_ok=True)
    for name in names or WALKS:
        for lang in LANGS:
            begun = time.process_time()
            try:
                async for picture, kept, now in taken(name, lang, anew=True):
                    if kept != now:
                        file_of(picture, lang).write_text(now, encoding="utf-8")
                        print("  new:", picture, lang, flush=True)
            except AssertionError as error:
                print("  NOT WHOLE:", error, flush=True)
            print(f"{name} {lang}: {time.process_time() - begun:.1f} s CPU", flush=True)


def main(argv: list[str]) -> None:
    what, *names = argv or [""]
    if what == "draw":
        draw(Path(names[0]), names[1:])
    elif what == "take":
        with tempfile.TemporaryDirectory(prefix="nvg-") as home:
            os.environ |= {
                "HOME": home,
                "XDG_STATE_HOME": f"{home}/state",
                "XDG_RUNTIME_DIR": home,
                "TZ": "UTC",
            }
            time.tzset()
            gc.disable()
            asyncio.run(take(names))
    else:
        raise SystemExit(__doc__)


main(sys.argv[1:])
