"""Which oddity fits which format; the others are refused before anything is written."""

from collections.abc import Sequence
from pathlib import Path

from access_service.errors import OperatorError
from sync.synthetic.formats import FORMS, Format
from sync.synthetic.oddities.files import OF_QUOTES, OF_TEXT
from sync.synthetic.oddities.oddity import Oddity
from sync.synthetic.oddities.packages import MANIFEST, OF_MANIFEST, OF_ZIP
from sync.synthetic.oddities.rows import lacks

_ORGS = "orgs.csv"
_WORDS = {
    "header": "header row",
    "enabled": "enabledUser",
    "ends": "date on which a role ends",
    "left": "column for those who have gone",
}


def check(form: Format, oddities: Sequence[Oddity], path: Path) -> None:
    """Errors: OperatorError for an oddity that does not fit the format, or a file name that does not."""
    sheets = FORMS[form].sheets
    suffix = Path(sheets[0].name).suffix
    if path.suffix in {".csv", ".txt", ".xlsx"} and (len(sheets) > 1 or path.suffix != suffix):
        also = f" or a {suffix} file" if len(sheets) == 1 else ""
        raise OperatorError(f"{path.name}: {form} is no {path.suffix} file; name a .zip, a folder{also}")
    for oddity in oddities:
        if cause := misfit(form, oddity):
            raise OperatorError(f"oddity {oddity} does not fit {form}: {cause}")
        if oddity in OF_ZIP and path.suffix != ".zip":
            raise OperatorError(f"oddity {oddity} needs a zip; let the name end in .zip")


def misfit(form: Format, oddity: Oddity) -> str:
    """Why an oddity does not fit a format, or "" where it does."""
    formed = FORMS[form]
    names = {sheet.name for sheet in formed.sheets} | ({MANIFEST} if formed.manifest else set())
    lacking = lacks(formed.sheets, oddity, headed=formed.headed)
    needed = _ORGS if oddity is Oddity.ORGS_MISSING else MANIFEST
    causes = (
        (oddity in OF_TEXT and formed.sheets[0].name.endswith(".xlsx"), "a workbook is no text file"),
        (oddity in OF_QUOTES and formed.style.quotes == "never", "it is written without quotes"),
        (oddity is Oddity.STATUS_IN_BULK and formed.sparse, "a delta has to fill status"),
        (oddity in OF_MANIFEST and needed not in names, f"it has no {needed}"),
        (bool(lacking), f"it has no {_WORDS.get(lacking, lacking).replace('_', ' ')}"),
    )
    return next((cause for applies, cause in causes if applies), "")
