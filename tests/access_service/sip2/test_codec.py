"""What is on the wire, byte for byte: goldens from the standard and from runs of real clients."""

import pytest

from access_service.domain.sip2 import Encoding, Terminator, checksum
from access_service.protocols.sip2 import codec

ASCII, UTF_8, CP850, LATIN_1 = Encoding.ASCII, Encoding.UTF_8, Encoding.CP850, Encoding.LATIN_1
ASKED = "63001" + "20261103    120000" + 10 * " " + "AO|AA0012345|AD0412|"


def with_checksum(text: bytes) -> bytes:
    return text + checksum(text).encode()


@pytest.mark.parametrize(
    ("body", "sequence", "sent"),
    [
        (b"9300CNscclient|COclientpwd|CPx|", "0", b"9300CNscclient|COclientpwd|CPx|AY0AZF30E\r"),
        (b"941", "0", b"941AY0AZFDFD\r"),
        (b"96", "", b"96AZFEF6\r"),
        (b"97", "", b"97AZFEF5\r"),
    ],
)
def test_checksums_are_those_of_the_standard(body: bytes, sequence: str, sent: bytes) -> None:
    """Four upper-case digits over everything up to AZ, without a `|` of their own; and they are read back as right."""
    assert codec.seal(body, sequence, True, Terminator.CR) == sent
    read = codec.parse(codec.clean(sent), ASCII)
    assert (read.sequence, read.checked, read.sound) == (sequence, True, True)


def test_a_message_is_its_code_what_is_fixed_and_its_fields() -> None:
    """Fields come in any order, may be empty, or unknown; of a field that comes twice the first counts."""
    read = codec.parse(b"23008" + b"20261103    120000" + b"AD0412|ZZodd|AC|AAfirst|AAsecond|AO", ASCII)
    assert (read.code, read.fixed[:3], len(read.fixed)) == ("23", "008", 21)
    assert read.fields == {"AD": "0412", "ZZ": "odd", "AC": "", "AA": "first", "AO": ""}
    assert (read.checked, read.sound) == (False, True)


@pytest.mark.parametrize(
    "line",
    [b"\x00\x00" + ASKED.encode(), b"  " + ASKED.encode() + b"|||", b"\xff\xfb\x01" + ASKED.encode() + b" \x00"],
)
def test_junk_around_a_message_is_dropped(line: bytes) -> None:
    """What terminals and sloppy clients send before and after."""
    assert codec.parse(codec.clean(line), ASCII).fields == {"AO": "", "AA": "0012345", "AD": "0412"}


def test_fields_are_found_after_a_date_of_another_length() -> None:
    """A client that leaves out the zone, or the summary, still says whom it means."""
    for fixed in ("00120261103120000" + 10 * " ", "00120261103    120000"):
        assert codec.parse(f"63{fixed}AO|AA0012345|AD0412".encode(), ASCII).fields["AA"] == "0012345"


@pytest.mark.parametrize("sequence", ["AY3", ""])
def test_a_checksum_with_or_without_a_sequence_is_error_detection(sequence: str) -> None:
    """Palace leaves AY out the second time."""
    line = with_checksum((ASKED + sequence + "AZ").encode())
    for sent in (line, line[:-4] + line[-4:].lower()):
        read = codec.parse(sent, ASCII)
        assert (read.sequence, read.checked, read.sound, read.fields["AD"]) == (sequence[2:], True, True, "0412")
    wrong = codec.parse(line.replace(b"0412", b"0413"), ASCII)
    assert (wrong.checked, wrong.sound) == (True, False)


def test_no_bar_before_the_checksum_is_forgiven_where_it_is_right() -> None:
    """The end of a PIN that only looks like a wrong checksum is the PIN's."""
    unbarred = (ASKED.removesuffix("|") + "AY1AZ").encode()
    assert codec.parse(with_checksum(unbarred), ASCII).fields["AD"] == "0412"
    odd = codec.parse(unbarred + b"0000", ASCII)
    assert (odd.checked, odd.sound, odd.fields["AD"]) == (False, True, "0412AY1AZ0000")


@pytest.mark.parametrize(("encoding", "written"), [(ASCII, "utf-8"), (ASCII, "cp850"), (LATIN_1, "latin-1")])
def test_a_pin_with_an_accent_has_either_checksum(encoding: Encoding, written: str) -> None:
    """Some clients sum bytes and some the letters; both are right, and the PIN is read either way."""
    text = ASKED.replace("0412", "clé") + "AY0AZ"
    by_letter = f"{-sum(map(ord, text)) & 0xFFFF:04X}".encode()
    for line in (with_checksum(text.encode(written)), text.encode(written) + by_letter):
        read = codec.parse(line, encoding)
        assert (read.sound, read.fields["AD"]) == (True, "clé")


def test_names_are_folded_and_cannot_end_their_field() -> None:
    """ASCII by default; `|`, CR, LF and other controls go, also one that only a folding makes."""
    told = codec.rendered("64", [("AE", "José Núñez-Łuk雪"), ("AQ", "a|b\r\nc\uff5cd\u2028e\u200f"), ("XH", "")], ASCII)
    assert told == b"64AEJose Nunez-Luk?|AQabcd?e?|XH|"
    assert codec.rendered("", [("AE", "José 雪")], CP850) == b"AEJos\x82 ?|"
    assert codec.rendered("", [("AE", "José")], LATIN_1) == b"AEJos\xe9|"
    assert codec.rendered("", [("AE", "José 雪\u2028")], UTF_8) == "AEJosé 雪|".encode()


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize(("name", "value"), [("AE", "BLN"), ("AE", "cQyCQY"), ("XB", "LN"), ("AA", "\uff22LN|BL|N")])
def test_no_value_reads_as_a_verdict(encoding: Encoding, name: str, value: str) -> None:
    """PC booking looks for BLN and CQY anywhere in a message."""
    told = codec.rendered("64", [(name, value)], encoding).upper()
    assert b"BLN" not in told and b"CQY" not in told and told.startswith(f"64{name}".encode())
    assert codec.rendered("", [("BL", "N"), ("CQ", "Y")], encoding) == b"BLN|CQY|"


@pytest.mark.parametrize("encoding", Encoding)
def test_a_long_value_is_cut_between_letters(encoding: Encoding) -> None:
    """So that a whole message is one read of 1024 bytes."""
    told = codec.rendered("", [("AE", "é" * 5000)], encoding)
    assert len(told) <= codec.VALUE_BYTES + 1
    told.decode(encoding)
