"""The files of one night of one district, written in one pass over its people."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path

from sync.synthetic.district import Person, SyntheticDistrict, adults, students
from sync.synthetic.formats.columns import MANIFEST
from sync.synthetic.formats.oneroster import manifest_rows
from sync.synthetic.oddities import files, packages
from sync.synthetic.oddities.oddity import Oddity
from sync.synthetic.oddities.people import PEOPLE, all_of
from sync.synthetic.oddities.rows import OddRows
from sync.synthetic.sheet import Form, Setting, Sheet, tonight, unchanged
from sync.synthetic.style import Row, batch_writer, row_writer
from sync.synthetic.workbook import Workbook

_BATCH = 500

Write = Callable[[Iterable[Row]], object]


class Night:
    """One night of `district` in a form, with oddities in the order of their enum."""

    def __init__(self, form: Form, district: SyntheticDistrict, oddities: Sequence[Oddity]) -> None:
        self._form, self._district, self._oddities = form, district, oddities
        self._setting = Setting(district)
        self._style = files.styled(form.style, oddities)
        self._changes = [change for change in (form.change, *_changes(oddities)) if change is not unchanged]
        self._supplied: set[str] = set()

    def write(self, folder: Path) -> None:
        """Write all files into a folder that is there."""
        with ExitStack() as stack:
            writers = {sheet.name: stack.enter_context(self._opened(folder, sheet)) for sheet in self._form.sheets}
            # All files in one pass: making the people costs more than writing them.
            for people in (self._students(), self._adults()):
                while batch := list(islice(people, _BATCH)):
                    self._write_people(writers, batch)
            for sheet in self._form.sheets:
                if not sheet.roles:
                    writers[sheet.name](sheet.rows((), self._setting))
                    self._supplied.add(sheet.name)
        for each in self._oddities:
            if each in files.ENDS:
                files.ENDS[each](folder / self._form.sheets[0].name, self._style)
        self._settle(folder)

    def _students(self) -> Iterator[Person]:
        if self._form.stream is tonight and not self._changes:
            return students(self._district)
        return self._form.stream(self._district, all_of(self._changes))

    def _adults(self) -> Iterator[Person]:
        if not self._form.sparse:
            return adults(self._district) if self._form.change is unchanged else self._changed_adults()
        # The same people every night: only the first delta has them.
        return iter(()) if self._district.night else (each._replace(status="active") for each in adults(self._district))

    def _changed_adults(self) -> Iterator[Person]:
        changed = (self._form.change(person, self._district) for person in adults(self._district))
        return (person for person in changed if person)

    def _write_people(self, writers: Mapping[str, Write], batch: list[Person]) -> None:
        for sheet in self._form.sheets:
            people = batch if batch[0].role in sheet.roles else []
            if batch[0].role != "student":
                # Teachers and guardians come by turns.
                people = [person for person in batch if person.role in sheet.roles]
            if people:
                self._supplied.add(sheet.name)
                writers[sheet.name](sheet.rows(people, self._setting))

    @contextmanager
    def _opened(self, folder: Path, sheet: Sheet) -> Iterator[Write]:
        main = sheet is self._form.sheets[0]
        odd = OddRows(sheet, self._oddities, main=main)
        opened = (
            _workbook(folder / sheet.name) if sheet.name.endswith(".xlsx") else self._text(folder / sheet.name, main)
        )
        with opened as write:
            if self._form.headed:
                write([odd.header])
            yield write if odd.untouched else lambda rows: write(odd.of(rows))

    @contextmanager
    def _text(self, path: Path, main: bool) -> Iterator[Write]:
        style = self._style
        with path.open("w", encoding=style.encoding, errors=style.errors, newline="") as file:
            if style.mark:
                file.write("\ufeff")
            if not (main and files.OF_LINES & set(self._oddities)):
                write = batch_writer(style, file)
                yield lambda rows: write(list(rows))
                return
            lines = files.OddLines(file, style, self._oddities, headed=self._form.headed)
            yield row_writer(style, lines)
            lines.finish()

    def _settle(self, folder: Path) -> None:
        """The manifest, and without the files that are not supplied."""
        if self._form.manifest:
            names = {sheet.name for sheet in self._form.sheets} - self._absent()
            mode = "delta" if self._form.sparse else "bulk"
            rows = manifest_rows(self._form.manifest, mode, names, self._setting)
            with self._text(folder / packages.MANIFEST, main=False) as write:
                write([MANIFEST])
                write(packages.manifest(rows, self._oddities))
        for file in list(folder.iterdir()):
            if file.name in self._absent() or packages.left_out(file.name, self._oddities):
                file.unlink()

    def _absent(self) -> set[str]:
        """A delta has no file without a row."""
        return {sheet.name for sheet in self._form.sheets} - self._supplied if self._form.sparse else set()


@contextmanager
def _workbook(path: Path) -> Iterator[Write]:
    book = Workbook(path)
    try:
        yield book.write
    finally:
        book.close()


def _changes(oddities: Sequence[Oddity]) -> list[Callable[[Person, SyntheticDistrict], Person | None]]:
    return [PEOPLE[each] for each in oddities if each in PEOPLE]
