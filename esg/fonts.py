"""Finds a font with Chinese letters on this machine; without one, what must be drawn here cannot say Chinese words.

Only pictures and PDF need it: in Word and in a browser, letters are those of the reader.
"""

from functools import cache
from pathlib import Path

FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "~/.fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "~/Library/Fonts",
    "C:/Windows/Fonts",
)
# By preference; the number is the face in a collection that has the forms of the mainland.
SANS = {
    "NotoSansCJK-Regular.ttc": 2,
    "NotoSansCJKsc-Regular.otf": 0,
    "NotoSansSC-Regular.otf": 0,
    "NotoSansSC-Regular.ttf": 0,
    "SourceHanSansSC-Regular.otf": 0,
    "SourceHanSansCN-Regular.otf": 0,
    "msyh.ttc": 0,
    "simhei.ttf": 0,
}
INSTALL = "install Noto CJK, on Debian and Ubuntu `apt-get install fonts-noto-cjk`, elsewhere from notofonts.github.io"


@cache
def chinese_font() -> tuple[Path, int] | None:
    """Find the file of a font with Chinese letters, and its face; None when there is none."""
    found: dict[str, Path] = {}
    for folder in FOLDERS:
        path = Path(folder).expanduser()
        if path.is_dir():
            found = {item.name: item for item in sorted(path.rglob("*")) if item.name in SANS} | found
    return next(((found[name], face) for name, face in SANS.items() if name in found), None)
