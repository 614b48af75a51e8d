"""Reads bars by the tables of the standards: ISO/IEC 16388 (Code 39), BS EN 798 (Codabar), ISO/IEC 15417 (Code 128)."""

from collections.abc import Sequence

from access_service.domain.symbology import Symbology

# Bars and spaces of a character, w for the wide ones.
_CODE39 = dict(
    zip(
        """nnnwwnwnn wnnwnnnnw nnwwnnnnw wnwwnnnnn nnnwwnnnw wnnwwnnnn nnwwwnnnn nnnwnnwnw wnnwnnwnn nnwwnnwnn
        wnnnnwnnw nnwnnwnnw wnwnnwnnn nnnnwwnnw wnnnwwnnn nnwnwwnnn nnnnnwwnw wnnnnwwnn nnwnnwwnn nnnnwwwnn
        wnnnnnnww nnwnnnnww wnwnnnnwn nnnnwnnww wnnnwnnwn nnwnwnnwn nnnnnnwww wnnnnnwwn nnwnnnwwn nnnnwnwwn
        wwnnnnnnw nwwnnnnnw wwwnnnnnn nwnnwnnnw wwnnwnnnn nwwnwnnnn nwnnnnwnw wwnnnnwnn nwwnnnwnn nwnnwnwnn
        nwnwnwnnn nwnwnnnwn nwnnnwnwn nnnwnwnwn""".split(),
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. *$/+%",
        strict=True,
    )
)
_CODABAR = dict(
    zip(
        "nnnnnww nnnnwwn nnnwnnw wwnnnnn nnwnnwn wnnnnwn nwnnnnw nwnnwnn nwwnnnn wnnwnnn"
        " nnwwnwn nwnwnnw nnnwnww nnnwwwn".split(),
        "0123456789ABCD",
        strict=True,
    )
)
_CODE128 = """212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231
    113222 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123
    212321 232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321
    133121 313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111
    111224 111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112
    134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141
    114113 114311 411113 411311 113141 114131 311141 411131 211412 211214 211232""".split()
_TO_C, _TO_B, _START_B, _START_C = 99, 100, 104, 105


def scan(widths: Sequence[float], symbology: Symbology) -> str:
    """What a scanner reads: of Codabar with its letters, of Code 39 without its asterisks."""
    narrow = min(widths)
    if symbology is Symbology.CODE128:
        return _code128("".join(str(round(width / narrow)) for width in widths))
    letters, size = (_CODE39, 9) if symbology is Symbology.CODE39 else (_CODABAR, 7)
    marks = "".join("w" if width > 1.7 * narrow else "n" for width in widths)
    # Between two characters there is a narrow space.
    assert len(marks) % (size + 1) == size and set(marks[size :: size + 1]) <= {"n"}
    read = "".join(letters[marks[start : start + size]] for start in range(0, len(marks), size + 1))
    if symbology is Symbology.CODE39:
        assert read[0] == read[-1] == "*"
        return read[1:-1]
    return read


def _code128(modules: str) -> str:
    assert modules.endswith("2331112")
    values = [_CODE128.index(modules[start : start + 6]) for start in range(0, len(modules) - 7, 6)]
    start, *values, check = values
    assert check == (start + sum(place * value for place, value in enumerate(values, start=1))) % 103
    read, pairs = "", {_START_B: False, _START_C: True}[start]
    for value in values:
        if value == (_TO_B if pairs else _TO_C):
            pairs = not pairs
        else:
            read += f"{value:02}" if pairs else chr(value + 32)
    return read
