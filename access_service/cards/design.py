"""What all cards and letters of one file have alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fpdf import FPDF

from access_service.cards import paper
from access_service.cards.bars import bars
from access_service.cards.holders import Holder
from access_service.cards.paper import Style
from access_service.cards.wording import Text, words
from access_service.domain.symbology import Symbology
from access_service.domain.wording import Language
from access_service.errors import ChoiceError
from access_service.settings import Library

# Letters of so many take a busy worker some fifteen seconds.
MOST = 3000

Bars = Sequence[float]


@dataclass(frozen=True, slots=True)
class Design:
    """`digits` is of the PIN rule "last". `school_names`: what people call a school, by its code."""

    library: Library
    district: str
    symbology: Symbology
    languages: Sequence[Language]
    digits: int
    school_names: Mapping[str, str]

    @property
    def house(self) -> str:
        """Whose card it is."""
        return self.library.name or self.district

    def named(self, text: Text, language: Language) -> str:
        """A text that tells of the library."""
        return words(text, language, self.library.name or words(Text.THE_LIBRARY, language))


def drawn(holders: Sequence[Holder], design: Design, width: float) -> Sequence[tuple[Holder, Bars]]:
    """Each with the bars of the number. ChoiceError where there are too many, or one cannot be drawn this wide."""
    symbology, all_of_them = design.symbology, f"{len(holders):,}"
    if not 0 < len(holders) <= MOST:
        raise ChoiceError(f"these are {all_of_them} students; a file has from 1 to {MOST:,}: choose others")
    if bad := sum(not symbology.carries(holder.library_number) for holder in holders):
        raise ChoiceError(
            f"{symbology.label} has {symbology.alphabet} only, and {bad:,} of these {all_of_them} library numbers have"
            " something else: choose another barcode"
        )
    with_bars = [(holder, bars(holder.library_number, symbology, design.library.codabar_marks)) for holder in holders]
    if bad := sum(paper.narrow(widths, width) < paper.NARROWEST for _, widths in with_bars):
        raise ChoiceError(
            f"in {symbology.label} {bad:,} of these {all_of_them} library numbers are too wide for this paper, or too"
            " fine for a scanner: choose another barcode"
        )
    return with_bars


def who(pdf: FPDF, holder: Holder, language: Language, style: Style) -> str:
    """The name; the number of the badge where there is none, or one in letters that the font does not have."""
    name = holder.name
    named = name and paper.can_write(pdf, name, style)
    return name if named else words(Text.STUDENT_NUMBER, language, holder.student_number)


def whereabouts(holder: Holder, language: Language, design: Design) -> str:
    school = design.school_names.get(holder.school) or words(Text.SCHOOL, language, holder.school)
    return f"{school} · {words(Text.GRADE, language, holder.grade)}"
