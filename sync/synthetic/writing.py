"""Writes one night of a synthetic district under its name: a zip, a folder, or the one file of a format."""

import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from access_service.errors import OperatorError
from sync.synthetic.district import SyntheticDistrict
from sync.synthetic.fits import check
from sync.synthetic.formats import FORMS, Format
from sync.synthetic.night import Night
from sync.synthetic.oddities import packages
from sync.synthetic.oddities.oddity import Oddity

_CHUNK = 1024 * 1024


def write_roster(path: Path, district: SyntheticDistrict, form: Format, oddities: Sequence[Oddity] = ()) -> None:
    """Write tonight's roster: a zip where `path` ends in .zip, the one file of a format where it ends as that does,
    otherwise a folder of files.

    The same arguments give the same bytes, in memory that the size does not matter to. A zip or a single file
    appears under its name only when it is whole. Errors: OperatorError for what does not fit the format.
    """
    chosen = [each for each in Oddity if each in oddities]
    check(form, chosen, path)
    night = Night(FORMS[form], district, chosen)
    if path.suffix not in (".zip", Path(FORMS[form].sheets[0].name).suffix):
        path.mkdir(parents=True, exist_ok=True)
        night.write(path)
        return
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as scratch:
        folder, whole = Path(scratch, "files"), Path(scratch, path.name)
        folder.mkdir()
        night.write(folder)
        if path.suffix == ".zip":
            _pack(sorted(folder.iterdir()), whole, chosen, FORMS[form].sheets[0].name)
        else:
            folder.joinpath(FORMS[form].sheets[0].name).replace(whole)
        whole.replace(path)


def _pack(files: Sequence[Path], path: Path, oddities: Sequence[Oddity], main: str) -> None:
    if not files:
        raise OperatorError("these oddities together leave no file in the package; ask for fewer")
    # Opened by name an entry is dated 1980, so that the hour changes no bytes. Level 1: ids do not compress anyway.
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        for file in files:
            name = packages.name_in_zip(file.name, oddities)
            _add(package, file, name)
            if Oddity.TWICE_IN_ZIP in oddities and file.name == main:
                folder, slash, last = name.rpartition("/")
                _add(package, file, f"{folder}{slash}{last.swapcase()}")
        packages.add_entries(package, oddities)
    packages.patch(path, oddities)


def _add(package: zipfile.ZipFile, file: Path, name: str) -> None:
    with file.open("rb") as source, package.open(name, "w") as target:
        shutil.copyfileobj(source, target, _CHUNK)
