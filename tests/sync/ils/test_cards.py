"""The ILS's patron file is read as its page says, strictly or not at all."""

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from access_service.ils import Extract
from sync.ils.cards import Card, read_cards
from sync.ils.incoming import ExtractRefusedError

PAGE = Path(__file__).parents[3] / "docs" / "connect" / "extract.md"
EXAMPLES = re.findall(
    r"^## (\w+): .*?```toml\n(.*?)```.*?```csv\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S | re.M
)
HEADER = "barcode,sis,type,home,ends,block"


def terms(**keys: Any) -> Extract:
    columns = {
        "number": "barcode",
        "key": "sis",
        "patron_type": "type",
        "branch": "home",
        "expires": "ends",
        "blocked": "block",
    }
    return Extract.model_validate({"folder": "/srv", "columns": columns, **keys})


def read(folder: Path, content: str | bytes, extract: Extract | None = None, prefix: str = "") -> list[Card]:
    path = folder / "patrons.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    rows, cards = read_cards(path, path.name, extract or terms(), prefix)
    assert rows
    return cards


def refusal(folder: Path, content: str | bytes, extract: Extract | None = None) -> str:
    with pytest.raises(ExtractRefusedError) as caught:
        read(folder, content, extract)
    return str(caught.value)


@pytest.mark.parametrize(("ils", "table", "rows"), EXAMPLES, ids=[each[0] for each in EXAMPLES])
def test_every_table_of_the_page_reads_its_example(tmp_path: Path, ils: str, table: str, rows: str) -> None:
    """A student of ours, and somebody else who is blocked; all five ILSs say the same."""
    prefix = {"Sierra": "sia-", "Symphony": "SID-"}.get(ils, "")
    ours, *others = read(tmp_path, rows, Extract.model_validate(tomllib.loads(table)["ils"]["extract"]), prefix)
    patron_type = "5" if ils == "Sierra" else "STUDENT-K5"
    assert (ours.number, ours.key, ours.patron_type, ours.branch) == ("290000001", "1", patron_type, "MAPLE")
    assert ours.expires and ours.expires.year == 2027 and not ours.blocked
    assert (ours.family_name, ours.given_name, ours.birth_date) == ("Synthetica", "Testa", date(2017, 4, 12))
    assert others[0].number == "21234567890123" and all(card.blocked and not card.key for card in others)


def test_the_page_has_all_five() -> None:
    """None is left out because its blocks could not be found."""
    assert [each[0] for each in EXAMPLES] == ["Koha", "Sierra", "Polaris", "Evergreen", "Symphony"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        (HEADER + "\n", "no row has a number"),
        ("barcode,type\n1,A\n", "no column 'sis'"),
        (f"{HEADER},barcode\n1,,A,B,,,1\n", "more than one column 'barcode'"),
        (f"{HEADER}\n1,,A,B,2027-01-01,\n2,,A\n", "line 3: 3 cells in place of 6; it was cut short"),
        (f'{HEADER}\n1,,A,B,2027-01-01,"\n', "not CSV"),
        (f"{HEADER}\n1,,A,B,,\n2,,A,B,,\n1,,A,C,,\n", "line 4: the number of line 2 is there again"),
        (f"{HEADER}\n1,,A,B,01/31/2027,\n", "1 of 1 dates are not"),
        (f"{HEADER}\n1,,Zoë,B,,\n".encode("latin-1"), "not utf-8"),
        (f"{HEADER}\n1\x00,,A,B,,\n", "the number has a character"),
    ],
)
def test_what_is_wrong_is_one_line_with_what_to_do(tmp_path: Path, content: str | bytes, said: str) -> None:
    """Nothing of such a file is used, and no cell but a header is quoted."""
    told = refusal(tmp_path, content)
    assert said in told and "\n" not in told and "Zo" not in told


def test_odd_files_that_are_right(tmp_path: Path) -> None:
    """A byte order mark, blank lines and cells, rows without a number and a word among dates are no fault."""
    found = read(tmp_path, f"\ufeff{HEADER}\r\n 1 , k ,A,B,NEVER,\r\n\r\n,,A,B,2027-01-01,\r\n2,,A,B,2027-01-01,x\r\n")
    assert [(card.number, card.key, card.blocked) for card in found] == [("1", "k", False), ("2", "", True)]
    assert [card.expires for card in found] == [None, date(2027, 1, 1)]


def test_several_numbers_of_one_account_are_several_cards(tmp_path: Path) -> None:
    """In one cell, in quotes or not, and the same one twice is one."""
    found = read(tmp_path, f'{HEADER}\n"1";"2",k,A,B,,\n"3;3;4",,A,B,,\n', terms(repeated=";"))
    assert sorted((card.number, card.key) for card in found) == [("1", "k"), ("2", "k"), ("3", ""), ("4", "")]


def test_no_card_shows_who_it_is(tmp_path: Path) -> None:
    """Not in a message, a log line or a traceback."""
    extract = terms(columns={"number": "barcode", "family_name": "type"})
    (card,) = read(tmp_path, f"{HEADER}\n1,,Synthetica,B,,\n", extract)
    assert card.family_name == "Synthetica" and "Synthetica" not in repr(card)
