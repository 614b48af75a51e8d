from dataclasses import replace
from pathlib import Path

import pytest

from access_service.domain.patron import PatronRecord
from access_service.errors import ConfigError
from access_service.pin_vault import PEPPER_VARIABLE, PinVault
from tests.access_service import seed

OLD, NEW = bytes(32), bytes([7] * 32)


def holder(vault: PinVault, pin: str, patron_id: int = 1) -> PatronRecord:
    return seed.patron(patron_id, pin_key=vault.key_id, pin_digest=vault.digest(patron_id, pin))


def test_only_the_pin_itself_matches() -> None:
    """The issued PIN, whole and exact."""
    record = holder(seed.VAULT, "0412")
    assert seed.VAULT.matches(record, "0412")
    assert not any(seed.VAULT.matches(record, pin) for pin in ("", "0", "412", "04120", "0412 ", "0412\0", "٠٤١٢"))


@pytest.mark.parametrize("pin", ["", "0" * 65, "é" * 33])
def test_no_empty_or_endless_pin_matches(pin: str) -> None:
    """Even one that somehow was stored: an empty PIN is no PIN, and nobody types more than 64 bytes."""
    assert not seed.VAULT.matches(holder(seed.VAULT, pin), pin)


def test_nobody_has_a_pin() -> None:
    """Neither an unknown patron nor one without a PIN, nor one whose digest is all zeros."""
    assert not any(seed.VAULT.matches(None, pin) for pin in ("", "0412"))
    assert not seed.VAULT.matches(seed.patron(), "0412")
    assert not seed.VAULT.matches(seed.patron(pin_key=seed.VAULT.key_id, pin_digest=bytes(32)), "0412")


def test_a_digest_is_of_one_patron() -> None:
    """A row copied to another patron opens nothing."""
    assert not seed.VAULT.matches(replace(holder(seed.VAULT, "0412"), patron_id=2), "0412")


def test_after_a_rotation_both_peppers_verify() -> None:
    """New PINs are made with the first pepper; those made with the older one still open."""
    before, after = PinVault([OLD]), PinVault([NEW, OLD])
    assert after.matches(holder(before, "0412"), "0412")
    assert after.matches(holder(after, "0412"), "0412")
    assert not before.matches(holder(after, "0412"), "0412")
    assert after.key_id != before.key_id


def test_a_missing_pepper_is_named_before_serving() -> None:
    """A wrong pepper would refuse everybody: it is found at the start."""
    vault = PinVault([NEW])
    vault.check([vault.key_id])
    with pytest.raises(ConfigError, match=f"ACCESS_PEPPER.*{PinVault([OLD]).key_id}"):
        vault.check([vault.key_id, PinVault([OLD]).key_id])


def test_a_mark_is_known_again_and_not_read() -> None:
    """The same facts for the same purpose give the same mark; where one fact ends and the next begins counts."""
    assert seed.VAULT.mark("log", "1") == seed.VAULT.mark("log", "1")
    others = [("log", "2"), ("wrong pin", "1"), ("log", "1", ""), ("lo", "g1"), ("log1",)]
    assert len({seed.VAULT.mark(*facts) for facts in [("log", "1"), *others]}) == 6
    assert PinVault([NEW]).mark("log", "1") != seed.VAULT.mark("log", "1")


def test_the_pepper_comes_from_the_environment_or_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The first line makes new digests, the others verify."""
    monkeypatch.setenv(PEPPER_VARIABLE, NEW.hex())
    assert PinVault.from_environment().key_id == PinVault([NEW]).key_id
    monkeypatch.delenv(PEPPER_VARIABLE)
    (tmp_path / "pepper").write_text(f"{NEW.hex()}\n{OLD.hex()}\n")
    monkeypatch.setenv(f"{PEPPER_VARIABLE}_FILE", str(tmp_path / "pepper"))
    assert PinVault.from_environment().matches(holder(PinVault([OLD]), "0412"), "0412")


@pytest.mark.parametrize("pepper", ["", "not hexadecimal", "00" * 31, f"{'00' * 32} 11"])
def test_a_poor_pepper_is_refused(monkeypatch: pytest.MonkeyPatch, pepper: str) -> None:
    """Missing, not hexadecimal or too short: one line that names the variable and not the value."""
    monkeypatch.setenv(PEPPER_VARIABLE, pepper)
    monkeypatch.delenv(f"{PEPPER_VARIABLE}_FILE", raising=False)
    with pytest.raises(ConfigError, match="ACCESS_PEPPER") as refused:
        PinVault.from_environment()
    assert not pepper or pepper not in str(refused.value)
