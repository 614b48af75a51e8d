"""One small file of every format, as a start for mutation."""

import tempfile
from datetime import date
from functools import cache
from pathlib import Path

from sync.synthetic.district import SyntheticDistrict
from sync.synthetic.formats import FORMS, Format
from sync.synthetic.writing import write_roster

SMALL = SyntheticDistrict(date(2026, 11, 20), size=5, night=1)


@cache
def seeds() -> dict[str, bytes]:
    """File name -> bytes: each format as a zip, and as its one file where it has one."""
    found: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        for form in Format:
            for suffix in {".zip", Path(FORMS[form].sheets[0].name).suffix if len(FORMS[form].sheets) == 1 else ".zip"}:
                path = Path(folder, f"{form}{suffix}")
                write_roster(path, SMALL, form)
                found[path.name] = path.read_bytes()
    return found
