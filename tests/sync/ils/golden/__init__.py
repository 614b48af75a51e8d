"""What each format of files writes of every kind of change, with the table that its page in docs/connect shows.

`python -m tests.sync.ils.golden` writes the files anew, to be reviewed by eye before they are committed.
"""

import re
import tomllib
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from access_service.ils import Action, FormatName, Ils
from access_service.settings.service import Service
from sync.ils.formats import FORMATS
from sync.ils.orders import Order
from sync.ils.shape import Format, fault
from sync.ils.wanted import ordered
from tests.sync.ils.changes import CHANGES

HERE = Path(__file__).parent
PAGES = HERE.parents[3] / "docs" / "connect"
KEPT_BACK = "kept-back.txt"


def tables(page: Path) -> list[str]:
    """The blocks of TOML that a page shows."""
    return re.findall(r"^```toml\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def ils_of(name: FormatName) -> Ils:
    """[ils] as the format's page has it, in its first block."""
    ils = Service.model_validate(tomllib.loads(tables(PAGES / f"{name}.md")[0])).ils
    assert ils and ils.format is name
    return ils


def written(name: FormatName) -> dict[str, bytes]:
    """The files of a load of all changes by their names, and whom it keeps back with the reason."""
    form, ils = FORMATS[name], ils_of(name)
    assert form.files
    told = {change: fit for change, order in CHANGES.items() if (fit := _fit(order, form, ils)).fields}
    reasons = {change: reason for change, order in told.items() if (reason := _reason(order, form, ils))}
    orders = ordered([order for change, order in told.items() if change not in reasons])
    found: dict[str, bytes] = {}
    for file in form.files(orders, ils):
        found |= _readable(file.part, b"".join(file.chunks))
    lines = "".join(f"{change}: {reason}\n" for change, reason in reasons.items())
    return found | ({KEPT_BACK: lines.encode()} if lines else {})


def stored(name: FormatName) -> dict[str, bytes]:
    """The files as they were reviewed."""
    return {path.name: path.read_bytes() for path in sorted((HERE / name).iterdir())}


def with_files() -> list[FormatName]:
    """The formats that are files."""
    return [name for name, form in FORMATS.items() if form.files]


def _readable(name: str, content: bytes) -> dict[str, bytes]:
    """A file, or the files of a zip, in place of bytes that nobody can review."""
    if not name.endswith(".zip"):
        return {name: content}
    with zipfile.ZipFile(BytesIO(content)) as archive:
        return {member: archive.read(member) for member in archive.namelist()}


def _fit(order: Order, form: Format, ils: Ils) -> Order:
    """With the fields that the format tells, as a night would make it."""
    return order if order.action is Action.EXPIRE else replace(order, fields=order.fields & form.fields(ils))


def _reason(order: Order, form: Format, ils: Ils) -> str:
    return "" if order.action is Action.EXPIRE else fault(order, form, ils)
