"""What the bars say, read by the standards' tables."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from access_service.cards.bars import bars
from access_service.domain.symbology import Symbology
from tests.barcodes import scan


@given(st.text("0123456789ABCXYZ -.$/+%", min_size=1, max_size=14))
@settings(max_examples=40)
def test_code_39_says_the_number_and_no_more(number: str) -> None:
    """Every character that it has, and no check character after them."""
    assert Symbology.CODE39.carries(number)
    assert scan(bars(number, Symbology.CODE39, "AB"), Symbology.CODE39) == number


@given(st.text("0123456789", min_size=1, max_size=14), st.sampled_from(["AB", "AA", "CD"]))
@settings(max_examples=40)
def test_codabar_says_the_number_between_its_letters(number: str, marks: str) -> None:
    """The letters are those of the configuration."""
    assert scan(bars(number, Symbology.CODABAR, marks), Symbology.CODABAR) == f"{marks[0]}{number}{marks[1]}"


@example("9912345")
@given(st.text("0123456789AZaz -~", min_size=1, max_size=14))
@settings(max_examples=60)
def test_code_128_says_the_number(number: str) -> None:
    """In pairs of digits and in letters, however they follow each other, with a right check character."""
    assert scan(bars(number, Symbology.CODE128, "AB"), Symbology.CODE128) == number


@pytest.mark.parametrize(
    ("symbology", "number", "carried"),
    [
        (Symbology.CODE39, "29-A.7", True),
        (Symbology.CODE39, "29a7", False),
        (Symbology.CODE39, "29*7", False),
        (Symbology.CODABAR, "290012345", True),
        (Symbology.CODABAR, "29-0012345", False),
        (Symbology.CODABAR, "A290012345B", False),
        (Symbology.CODABAR, "٢٩", False),
        (Symbology.CODE128, "S~29a7", True),
        (Symbology.CODE128, "Ñ29", False),
        (Symbology.CODE128, "", False),
    ],
)
def test_it_is_known_what_a_symbology_carries(symbology: Symbology, number: str, carried: bool) -> None:
    """Nothing is changed to fit: a small letter is none of Code 39, and digits are those from 0 to 9."""
    assert symbology.carries(number) is carried
