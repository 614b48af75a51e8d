"""The one parser: what is not plainly a row of the table is refused, and no column ever shifts."""

import csv
import io
from typing import TYPE_CHECKING, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.formats.lines import MAX_BATCH, MAX_LINE
from sync.formats.style import Style
from sync.formats.table import MAX_CELL, Table, read_table
from sync.roster import BadRosterError, RejectCode

if TYPE_CHECKING:
    from typing_extensions import Buffer

HEADER = ("sourcedId", "identifier", "familyName")
WANTED = dict.fromkeys(HEADER, True)
MIB = 1024 * 1024


def read(content: str | bytes, encoding: str = "utf-8-sig") -> Table:
    raw = content if isinstance(content, bytes) else content.encode()
    return read_table(io.BytesIO(raw), "users.csv", WANTED, Style(encoding))


def under_header(*lines: str, end: str = "\r\n") -> str:
    return end.join([",".join(HEADER), *lines, ""])


def rows(table: Table) -> list[tuple[str, ...]]:
    return list(zip(*(table.columns[name] for name in HEADER), strict=True))


def rejects(table: Table) -> list[tuple[int, str, str | None]]:
    return [(reject.line, reject.code, reject.source_id) for reject in table.rejects]


ADA, BEN, CAT = ("s-1", "0001", "Ada"), ("s-2", "0002", "Ben"), ("s-3", "0003", "Cat")
GOOD = [",".join(row) for row in (ADA, BEN, CAT)]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("last", [True, False])
def test_every_kind_of_line_end_is_read(end: str, bom: str, last: bool) -> None:
    """CRLF, LF or a bare CR, with or without a byte order mark, the last line ended or not: the same table."""
    text = bom + under_header(*GOOD, end=end)
    table = read(text if last else text.removesuffix(end))
    assert (rows(table), table.lines, table.rows) == ([ADA, BEN, CAT], [2, 3, 4], 3)
    assert not table.rejects


def test_line_ends_may_be_mixed() -> None:
    """A file put together from several programs' output is still one table."""
    table = read(f"{','.join(HEADER)}\r\n{GOOD[0]}\n{GOOD[1]}\r{GOOD[2]}")
    assert (rows(table), table.lines) == ([ADA, BEN, CAT], [2, 3, 4])


@pytest.mark.parametrize(
    ("bad", "source_id"),
    [
        ("s-9,0009", "s-9"),
        ("s-9", "s-9"),
        ("s-9,0009,Zoe,more", "s-9"),
        ("s-9,0009,Zoe,", "s-9"),
        (",,,", None),
        ("   ", None),
        ("-- 3 rows selected --", "-- 3 rows selected --"),
        ("s-9;0009;Zoe", "s-9;0009;Zoe"),
    ],
)
def test_a_row_of_another_width_is_rejected(bad: str, source_id: str | None) -> None:
    """Too short, too long, a footer: the row is a reject with its line and its id, and no neighbour is touched."""
    table = read(under_header(GOOD[0], bad, *GOOD[1:]))
    assert rows(table) == [ADA, BEN, CAT]
    assert table.lines == [2, 4, 5]
    assert rejects(table) == [(3, RejectCode.ROW_WIDTH, source_id)]
    assert table.rows == 4


def test_a_trailing_comma_on_every_row_shifts_no_column() -> None:
    """What pandas reads as an index, we reject: every row, and no cell lands in another column."""
    table = read(under_header(*(f"{row}," for row in GOOD)))
    assert rows(table) == []
    assert [code for _, code, _ in rejects(table)] == [RejectCode.ROW_WIDTH] * 3


def test_a_trailing_comma_on_header_and_rows_is_one_more_column() -> None:
    """A nameless column everywhere is nobody's, and the others stay what they are."""
    table = read("sourcedId,identifier,familyName,\r\n" + "".join(f"{row},\r\n" for row in GOOD))
    assert rows(table) == [ADA, BEN, CAT]
    assert table.receipt().dropped == ("",)


def test_blank_lines_are_nothing() -> None:
    """Blank lines anywhere are no rows and no rejects, and the line numbers still count them."""
    table = read(under_header("", GOOD[0], "", "", GOOD[1], GOOD[2], ""))
    assert (rows(table), table.lines, table.rows) == ([ADA, BEN, CAT], [3, 6, 7], 3)
    assert not table.rejects


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("sourcedId,identifier,familyName,identifier", "column 'identifier' is there twice"),
        ("sourcedId,identifier", "no column 'familyName'; it has 'sourcedId', 'identifier'"),
        ("sourcedid,identifier,familyName", "no column 'sourcedId'"),
        ("sourcedId,identifier,2017-04-12", "no column 'familyName'; it has 'sourcedId', 'identifier', (not a name)"),
        ("sourcedId;identifier;familyName", "no column 'sourcedId'; its first line is not this format's header"),
        ("s-1,0001,Qanary", "no column 'sourcedId'; its first line is not this format's header"),
        ("", "no column 'sourcedId'; it has none"),
    ],
)
def test_a_header_that_is_not_the_formats_is_refused(header: str, said: str) -> None:
    """Twice, missing, in another case, with semicolons, or no header at all: one line says which column."""
    with pytest.raises(BadRosterError) as caught:
        read(f"{header}\r\n{GOOD[0]}\r\n")
    assert str(caught.value).startswith(f"users.csv: {said}")
    assert "\n" not in str(caught.value)


def test_a_missing_header_shows_nobodys_data() -> None:
    """Where the first student stands in place of the header, the error repeats nothing of it."""
    with pytest.raises(BadRosterError) as caught:
        read("s-1,0012345,2017-04-12,Qanary,Quentin,Qanary\r\n")
    assert not any(secret in str(caught.value) for secret in ("s-1", "12345", "2017", "Q"))


def test_spaces_around_a_header_or_a_cell_do_not_matter() -> None:
    """Names and cells are trimmed, whatever kind of space it is; what is inside a cell stays."""
    table = read("sourcedId , identifier,familyName\r\n s-1 ,0001\u00a0,\u2003van der  Berg \r\n")
    assert rows(table) == [("s-1", "0001", "van der  Berg")]


def test_trimming_does_not_depend_on_the_neighbours() -> None:
    """The same cell reads the same alone and in a batch where others are untidy: else every night would be a change."""
    untidy = "s-1,0001\u00a0,\u3000Ada"
    alone, among = read(under_header(untidy)), read(under_header(untidy, " s-2 , 0002 , Ben "))
    assert rows(alone)[0] == rows(among)[0] == ADA


def test_a_quote_that_is_never_closed_refuses_the_file() -> None:
    """A stray quote swallows rows: in the middle, at the end, or one in the middle of a cell's text."""
    for broken in (
        under_header('s-1,"0001,Ada', *GOOD[1:]),
        under_header(*GOOD[:2], 's-3,0003,"Cat').removesuffix("\r\n"),
        under_header('s-1,"00"01,Ada', *GOOD[1:]),
    ):
        with pytest.raises(BadRosterError, match=r"users\.csv line [0-9]+: not CSV .*; export it again"):
            read(broken)


def test_two_stray_quotes_reject_what_they_swallowed() -> None:
    """A pair of quotes that takes in rows makes one row of another width or with line breaks: a reject, no student."""
    table = read(under_header('s-1,0001,"Ada', "s-2,0002,Ben", 's-3,0003,Cat"', "s-4,0004,Dan"))
    assert rows(table) == [("s-4", "0004", "Dan")]
    assert rejects(table) == [(2, RejectCode.LINE_BREAK, None)]
    assert table.lines == [5]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_a_line_break_in_a_cell_is_a_reject_whose_id_nobody_trusts(end: str) -> None:
    """Whose row it was cannot be told; the lines after it keep their numbers."""
    table = read(under_header(GOOD[0], f's-9,"00{end}09",Zoe', GOOD[1], f's-9,0009,"Z{end}o{end}e"', GOOD[2]))
    assert rows(table) == [ADA, BEN, CAT]
    assert rejects(table) == [(3, RejectCode.LINE_BREAK, None), (6, RejectCode.LINE_BREAK, None)]
    assert table.lines == [2, 5, 9]


@pytest.mark.parametrize("char", ["\x00", "\x01", "\t", "\x1f", "\x7f", "\x85", "\x9f", "\x0b", "\x0c"])
def test_a_control_character_rejects_its_row(char: str) -> None:
    """NUL and its like are in no name and no number."""
    table = read(under_header(GOOD[0], f"s-9,0009,Z{char}oe", GOOD[1]))
    assert rows(table) == [ADA, BEN]
    assert rejects(table) == [(3, RejectCode.CONTROL_CHARACTER, "s-9")]


def test_a_control_character_in_the_id_leaves_no_id() -> None:
    """Then nobody can tell whose row it is."""
    assert rejects(read(under_header("s\x00-9,0009,Zoe"))) == [(2, RejectCode.CONTROL_CHARACTER, None)]


def test_a_control_character_in_a_column_that_is_not_read_does_no_harm() -> None:
    """What is dropped at the door is not looked at."""
    table = read("sourcedId,identifier,familyName,notes\r\ns-1,0001,Ada,a\tb\r\n")
    assert rows(table) == [ADA]


def test_the_longest_cell_is_read_and_a_longer_one_rejected() -> None:
    """At the limit and one above it."""
    table = read(under_header(f"s-1,0001,{'x' * MAX_CELL}", f"s-2,0002,{'x' * (MAX_CELL + 1)}"))
    assert table.columns["familyName"] == ["x" * MAX_CELL]
    assert rejects(table) == [(3, RejectCode.FIELD_TOO_LONG, "s-2")]


def test_an_endless_id_is_no_id() -> None:
    """A reject carries no id longer than a cell may be."""
    assert rejects(read(under_header(f"{'x' * (MAX_CELL + 1)},1,Ada"))) == [(2, RejectCode.FIELD_TOO_LONG, None)]


class Endless(io.RawIOBase):
    """A file without end that counts what is taken from it."""

    def __init__(self, start: bytes, forever: bytes) -> None:
        self._start = start
        self._forever = forever * (64 * 1024 // len(forever))
        self.taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "Buffer") -> int:
        chunk = (self._start or self._forever)[: len(memoryview(buffer))]
        self._start = self._start[len(chunk) :]
        memoryview(buffer)[: len(chunk)] = chunk
        self.taken += len(chunk)
        return len(chunk)


@pytest.mark.parametrize("forever", [b"x", b"x,", b'"x"', b" ", b"\x00"])
def test_an_endless_line_is_refused_before_it_fills_the_memory(forever: bytes) -> None:
    """However it goes on, a little more than the longest line is taken and no more."""
    source = Endless(",".join(HEADER).encode() + b"\r\n", forever)
    with pytest.raises(BadRosterError, match="a line is longer than"):
        read_table(io.BufferedReader(source), "users.csv", WANTED)
    assert source.taken < 2 * MAX_LINE


def test_a_quote_that_swallows_an_endless_file_is_refused_early() -> None:
    """A cell over all lines ends at csv's own limit of a cell."""
    source = Endless(f'{",".join(HEADER)}\r\ns-1,"'.encode(), b"s-2,0002,Ben\r\n")
    with pytest.raises(BadRosterError, match="field larger than field limit"):
        read_table(io.BufferedReader(source), "users.csv", WANTED)
    assert source.taken < 2 * MIB


def test_a_row_of_endlessly_many_lines_is_refused_early() -> None:
    """Quoted line breaks keep every line short and the row without end; so a batch of rows has a limit too."""
    source = Endless(f"{','.join(HEADER)}\r\n".encode(), b'"\n",')
    with pytest.raises(BadRosterError, match="500 rows are longer than"):
        read_table(io.BufferedReader(source), "users.csv", WANTED)
    assert source.taken < MAX_BATCH + MIB


def test_a_cell_of_two_megabytes_is_refused() -> None:
    """In quotes or not, it is no cell of a roster."""
    long, broken = "x" * 2 * MIB, "x\n" * MIB
    for cell in (long, f'"{long}"', f'"{broken}"'):
        with pytest.raises(BadRosterError):
            read(under_header(GOOD[0], f"s-9,0009,{cell}", GOOD[1]))


def test_many_long_rows_are_no_endless_row() -> None:
    """The limit of a batch starts anew with each batch: a large file of honest rows is read to its end."""
    row = f"s-1,{'1' * 900},{'x' * 900},{'y' * 5000}\r\n"
    content = "sourcedId,identifier,familyName,notes\r\n" + row * 4000
    assert len(content) > MAX_BATCH
    assert read(content).rows == 4000


@pytest.mark.parametrize("content", ["", "\r\n", "\r\n\r\n"])
def test_an_empty_file_is_refused(content: str) -> None:
    """No bytes, or only line ends, are no roster."""
    with pytest.raises(BadRosterError, match="no column 'sourcedId'; it has none"):
        read(content)


@pytest.mark.parametrize("content", [under_header(), under_header("", ""), ",".join(HEADER)])
def test_a_header_alone_is_refused(content: str) -> None:
    """An export that failed after its first line would make every student a leaver."""
    with pytest.raises(BadRosterError, match=r"users\.csv: no rows under the header; an empty export is not a roster"):
        read(content)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf_16_is_never_read_as_something_else(encoding: str) -> None:
    """With a byte order mark or without: refused, by its bytes or by its header."""
    with pytest.raises((BadRosterError, UnicodeDecodeError)):
        read(under_header(*GOOD).encode(encoding))


def test_bytes_that_are_no_utf_8_are_an_error_wherever_they_stand() -> None:
    """After a megabyte of good rows as well as at once; nothing is replaced by a question mark."""
    many = under_header(*GOOD * 30_000).encode()
    for content in (b"s-9,0009,Zo\xeb\r\n", b"s-9,0009,Zo\xc3\r\n", b"s-9,0009,Zo\xed\xa0\x80\r\n"):
        with pytest.raises(UnicodeDecodeError):
            read(under_header().encode() + content)
        with pytest.raises(UnicodeDecodeError):
            read(many + content)


def test_another_encoding_reads_what_it_says() -> None:
    """cp1252 where a district has it, and still not what cp1252 has no character for."""
    table = read(under_header("s-1,0001,Zo\u00eb \u2019t Hooft").encode("cp1252"), "cp1252")
    assert table.columns["familyName"] == ["Zo\u00eb \u2019t Hooft"]
    with pytest.raises(UnicodeDecodeError):
        read(under_header().encode() + b"s-1,0001,Zo\x81\r\n", "cp1252")


@pytest.mark.parametrize(
    "text",
    [
        "Null",
        "NULL",
        "NA",
        "N/A",
        "None",
        "nan",
        "NaN",
        "null",
        "True",
        "007",
        "1e5",
        "0x1F",
        "+1",
        "=1+1",
        "-0",
        "1.0",
    ],
)
def test_text_stays_text(text: str) -> None:
    """Names that look like nothing, and numbers with leading zeros, come out as they went in."""
    table = read(under_header(f"{text},{text},{text}"))
    assert rows(table) == [(text, text, text)]


def test_full_width_digits_stay_what_they_are() -> None:
    """The parser changes no character; what is no number is refused by the rules."""
    assert rows(read(under_header("s-1,\uff11\uff12\uff13,李"))) == [("s-1", "\uff11\uff12\uff13", "李")]


def test_a_column_may_be_missing_where_it_is_not_needed() -> None:
    """Wanted and needed are two things; the receipt says which were used and which dropped."""
    wanted = {"sourcedId": True, "identifier": True, "pin": False}
    table = read_table(io.BytesIO(under_header(*GOOD).encode()), "users.csv", wanted)
    assert table.receipt().used == ("sourcedId", "identifier")
    assert table.receipt().dropped == ("familyName",)
    assert "familyName" not in table.columns


PLAIN = st.text(alphabet=st.characters(exclude_categories=("Cc", "Cs")), max_size=30)
CELLS = (
    st.sampled_from(["", " ", "Null", "0", "a,b", 'say "hi"', "\u00a0x", "x\u2003", "\u2028", "x ", '"', "é"]) | PLAIN
)
LINE_ENDS = st.sampled_from(["\r\n", "\n", "\r"])


def written(body: list[list[str]], end: str, quoting: Literal[0, 1]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator=end, quoting=quoting).writerows([list(HEADER), *body])
    return text.getvalue()


@given(
    st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=20),
    LINE_ENDS,
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_a_csv_writer_wrote_reads_back_cell_for_cell(
    body: list[list[str]], end: str, quoting: Literal[0, 1]
) -> None:
    """Commas, quotes, every script and every kind of space: each cell comes back, trimmed, in its own column."""
    table = read(written(body, end, quoting))
    assert rows(table) == [tuple(cell.strip() for cell in row) for row in body]
    assert table.lines == list(range(2, len(body) + 2))
    assert not table.rejects


# What a row is -> its cells, and the code of its reject.
KINDS: dict[str, tuple[str, RejectCode | None]] = {
    "good": ("{id},0001,Name", None),
    "short": ("{id},0001", RejectCode.ROW_WIDTH),
    "long": ("{id},0001,Name,more", RejectCode.ROW_WIDTH),
    "line break": ('{id},0001,"two{end}lines"', RejectCode.LINE_BREAK),
    "control": ("{id},0001,b\x07", RejectCode.CONTROL_CHARACTER),
    "endless": ("{id},0001," + "x" * (MAX_CELL + 1), RejectCode.FIELD_TOO_LONG),
    "blank": ("", None),
}
MOSTLY_GOOD = st.sampled_from(["good", "good", *KINDS])


@given(st.lists(MOSTLY_GOOD, min_size=1, max_size=40).filter(lambda kinds: {*kinds} != {"blank"}), LINE_ENDS)
def test_every_row_is_read_or_rejected_at_its_own_line(kinds: list[str], end: str) -> None:
    """Good and bad rows in any order: each bad one has its code and line, each good one its id and line."""
    text, line = ",".join(HEADER) + end, 2
    good: list[tuple[int, str]] = []
    bad: list[tuple[int, str]] = []
    for number, kind in enumerate(kinds):
        row, code = KINDS[kind]
        text += row.format(id=f"s-{number}", end=end) + end
        if code:
            bad.append((line, code))
        elif row:
            good.append((line, f"s-{number}"))
        line += 1 + (code is RejectCode.LINE_BREAK)
    table = read(text)
    assert list(zip(table.lines, table.columns["sourcedId"], strict=True)) == good
    # Widths and breaks are seen a batch before characters and lengths are.
    assert sorted((reject.line, reject.code) for reject in table.rejects) == sorted(bad)
    assert table.rows == len(good) + len(bad)


def test_a_batch_boundary_changes_nothing() -> None:
    """More rows than one batch, with a broken one in each: all lines are right and none is lost."""
    body = [f"s-{n},{n:04},Name" for n in range(1600)]
    for n in (0, 499, 500, 501, 999, 1500):
        body[n] += ",more"
    table = read(under_header(*body))
    assert table.lines == [n + 2 for n in range(1600) if n not in {0, 499, 500, 501, 999, 1500}]
    assert [line for line, _, _ in rejects(table)] == [2, 501, 502, 503, 1001, 1502]
    assert [int(cell) for cell in table.columns["identifier"]] == [line - 2 for line in table.lines]
