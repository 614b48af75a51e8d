"""Koha's import run by the script of docs/connect/koha.md, on what we write: what staff wrote stays theirs."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from access_service.ils import AccountField, Action, FormatName
from sync.ils.formats import koha
from sync.ils.orders import Order, nobody
from sync.ils.shape import USUAL
from sync.ils.wanted import ENDING
from tests.sync.ils.changes import NEW, known, told
from tests.sync.ils.golden import PAGES, ils_of

ILS = ils_of(FormatName.KOHA)
Patron = dict[str, str]


class Koha:
    """A folder, the script and a program in the place of Koha's import."""

    def __init__(self, folder: Path) -> None:
        (self.script,) = re.findall(r"```sh\n(.*?)```", (PAGES / "koha.md").read_text(encoding="utf-8"), re.DOTALL)
        self.folder, self.patrons, self.loads = folder / "incoming", folder / "patrons.json", 0
        self.folder.mkdir()
        program = folder / "import_patrons.pl"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m tests.sync.ils.koha_import "$@"\n')
        program.chmod(0o755)
        self.environment = os.environ | {
            "PATH": f"{folder}:{os.environ['PATH']}",
            "PYTHONPATH": str(Path.cwd()),
            "KOHA_PATRONS": str(self.patrons),
        }

    def load(self, *orders: Order, times: int = 1) -> None:
        self.loads += 1
        for _ in range(times):
            for file in koha.FORMAT.files(orders, ILS) if koha.FORMAT.files else ():
                (self.folder / f"demo-{self.loads:06}-{file.part}").write_bytes(b"".join(file.chunks))
            subprocess.run(["sh", "-c", self.script, "load", str(self.folder)], env=self.environment, check=True)

    @property
    def by_key(self) -> dict[str, Patron]:
        return {patron["attribute SISID"]: patron for patron in json.loads(self.patrons.read_text())}

    def staff(self, key: str, **values: str) -> None:
        patrons: Sequence[Patron] = json.loads(self.patrons.read_text())
        for patron in patrons:
            if patron.get("attribute SISID") == key:
                patron.update(values)
        self.patrons.write_text(json.dumps(patrons))


def made(patron_id: int, **changed: object) -> Order:
    return Order(Action.CREATE, known(patron_id, pin="0303", **changed), USUAL)


@pytest.mark.parametrize("times", [1, 3])
def test_every_kind_of_change_comes_to_koha_however_often(tmp_path: Path, times: int) -> None:
    """New, another name, another school, another number, left, opted out: the patrons are those that we have."""
    library = Koha(tmp_path)
    library.load(*(made(number) for number in range(1, 7)), times=times)
    library.load(
        told(known(1, given_name="Zoë", family_name="O'Brien, Jr."), AccountField.GIVEN_NAME, AccountField.FAMILY_NAME),
        told(known(2, branch="RIVER"), AccountField.BRANCH),
        told(known(3, expires=date(2026, 10, 6)), AccountField.EXPIRES),
        Order(Action.RENUMBER, known(4, library_number="7"), frozenset({AccountField.NUMBER}), former="290000004"),
        Order(Action.EXPIRE, nobody(known(5).library_number, date(2026, 10, 6)), ENDING),
        times=times,
    )
    patrons = library.by_key
    assert len(patrons) == 6
    assert (patrons["1"]["surname"], patrons["1"]["firstname"]) == ("O'Brien, Jr.", "Zoë")
    assert [patrons[key]["branchcode"] for key in "123"] == ["MAPLE", "RIVER", "MAPLE"]
    assert [patrons[key]["cardnumber"] for key in "45"] == ["7", known(5).library_number]
    assert [key for key in patrons if patrons[key]["dateexpiry"] == "2026-10-06"] == ["3", "5"]
    assert {patron["surname"] for key, patron in patrons.items() if key != "1"} == {NEW.family_name}


def test_what_staff_wrote_is_not_overwritten(tmp_path: Path) -> None:
    """But by a change of the same field; another attribute and the PIN stay through all of them."""
    library = Koha(tmp_path)
    library.load(made(1), made(2), made(3))
    for key in "123":
        library.staff(key, surname="Staffname", categorycode="EDUCATOR", password="own", **{"attribute NOTE": "kept"})
    library.load(
        told(known(1, branch="RIVER"), AccountField.BRANCH),
        Order(Action.RENUMBER, known(2, library_number="7"), frozenset({AccountField.NUMBER}), former="290000002"),
        Order(Action.EXPIRE, nobody(known(3).library_number, date(2026, 10, 6)), ENDING),
    )
    library.load(*(made(number) for number in (1, 3)), replace(made(2), account=known(2, library_number="7")))
    for patron in library.by_key.values():
        assert (patron["surname"], patron["categorycode"], patron["password"]) == ("Staffname", "EDUCATOR", "own")
        assert patron["attribute NOTE"] == "kept"
    library.load(told(known(1, family_name="Newname"), AccountField.FAMILY_NAME))
    assert library.by_key["1"]["surname"] == "Newname" and library.by_key["1"]["branchcode"] == "RIVER"


def test_an_expiry_that_is_loaded_without_the_script_changes_nothing(tmp_path: Path) -> None:
    """Koha refuses the row, for it lacks what every row needs."""
    library = Koha(tmp_path)
    library.load(made(1))
    before = library.by_key
    library.script = 'import_patrons.pl --file "$1"/*.csv --matchpoint cardnumber --overwrite --confirm'
    library.load(Order(Action.EXPIRE, nobody(known(1).library_number, date(2026, 10, 6)), ENDING))
    assert library.by_key == before
