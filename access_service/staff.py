"""Local accounts of staff: made, ended, and signed in with a password and a one-time code (RFC 6238)."""

import hashlib
import secrets
from dataclasses import dataclass, field
from hmac import compare_digest
from threading import BoundedSemaphore
from time import time
from typing import NamedTuple

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import Connection

from access_service.audit import Action, Auditor, Deed
from access_service.domain.staff import StaffMember, StaffRole
from access_service.errors import OperatorError, UnavailableError
from access_service.pin_vault import PinVault
from access_service.storage import peppers, staff
from access_service.storage.engine import Databases, day_transaction, read
from access_service.storage.staff import Account, Session

PASSWORD_BYTES = 15
# Free tries, the first wait, the longest, and after how long without one all is forgotten; seconds.
FREE, WAIT, LONGEST, FORGOTTEN = 5, 30, 900, 3600
# An address may be a whole library's.
FREE_ADDRESS = 20
STEP, DRIFT = 30, 1
IDLE, LONGEST_SESSION, TOUCH = 15 * 60, 8 * 3600, 60  # seconds
_TOTP = "totp"
HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
# 64 MiB each, so that few at once are checked and many do not fill the memory.
_AT_ONCE = BoundedSemaphore(2)
_PATIENCE = 10  # seconds


class NewAccount(NamedTuple):
    """What is shown of a new account, once. `secret` is the second factor's, in base 32, or ""."""

    password: str
    secret: str

    def uri(self, name: str) -> str:
        """What an authenticator app reads as a picture."""
        return pyotp.TOTP(self.secret).provisioning_uri(name=name, issuer_name="Student cards")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody typed to sign in, and where. `local`: surely on this machine."""

    name: str
    password: str = field(repr=False)
    code: str = field(repr=False)
    address: str = ""
    local: bool = False


@dataclass(frozen=True)
class StaffRoom:
    """Where staff sign in, and their accounts are kept."""

    databases: Databases
    vault: PinVault
    hasher: PasswordHasher = HASHER

    def add(self, auditor: Auditor, member: StaffMember, *, second_factor: bool = True) -> NewAccount:
        """Make an account; the result is shown once. OperatorError where the name was ever given."""
        new, account = self._new(member, second_factor)
        if member.role is StaffRole.DISTRICT_IT and not member.districts:
            raise OperatorError("district-it sees its own districts only: name them with --district")
        with auditor.transaction(self.databases) as record:
            if staff.get(record.connection, member.name):
                raise OperatorError(f"staff {member.name}: this name was given before; choose another")
            staff.add(record.connection, account, auditor.now())
            peppers.keep(record.connection, account.key_id)
            facts = {"role": member.role, "districts": sorted(member.districts), "second_factor": second_factor}
            record.note(Deed(Action.STAFF_ADD, f"staff {member.name}", after=facts))
        return new

    def renew(self, auditor: Auditor, name: str, *, second_factor: bool = True) -> NewAccount:
        """Another password and second factor; what is open under the old ones ends. OperatorError for nobody."""
        new, account = self._new(self._known(name).member, second_factor)
        with auditor.transaction(self.databases) as record:
            staff.set_secrets(record.connection, account)
            peppers.keep(record.connection, account.key_id)
            record.note(Deed(Action.STAFF_PASSWORD, f"staff {name}", after={"second_factor": second_factor}))
        self._shut(name)
        return new

    def end(self, auditor: Auditor, name: str) -> None:
        """End an account and what it has open. OperatorError for nobody."""
        self._known(name)
        with auditor.transaction(self.databases) as record:
            staff.end(record.connection, name, auditor.now())
            record.note(Deed(Action.STAFF_END, f"staff {name}"))
        self._shut(name)

    def sign_in(self, typed: Credentials) -> StaffMember | None:
        """Who this is, or None, whatever was wrong. Each try is counted before it is looked at."""
        now = int(time())
        by_name, by_address = (self.vault.mark("staff", *about) for about in (("n", typed.name), ("a", typed.address)))
        # Where the door is shut nothing is worked out or written down: whoever knocks for hours wears nothing out.
        for about, free in ((by_address, FREE_ADDRESS), (by_name, FREE)):
            with day_transaction(self.databases.reader) as day:
                if _tried(day, about, free, now):
                    return None
        account = read(self.databases.reader, lambda connection: staff.get(connection, typed.name))
        right = self._password_fits(account, typed.password)
        if account is None or account.ended or not (right and self._second_fits(account, typed, now)):
            return None
        with day_transaction(self.databases.reader) as day:
            tries = staff.forgive(day, by_name)
        # Whoever is right, if not at once, is no reason to shut out the rest of a library, which has one address.
        with day_transaction(self.databases.reader) as day:
            staff.take_back(day, by_address, tries, now)
        return account.member

    def open(self, member: StaffMember) -> str:
        """Begin a session; the token is the browser's alone."""
        token, now = secrets.token_urlsafe(32), int(time())
        with day_transaction(self.databases.reader) as day:
            staff.end_old_sessions(day, now - LONGEST_SESSION)
            staff.forget_failures(day, now - FORGOTTEN)
            staff.begin_session(day, Session(_sha256(token), member, now, now))
        # Whose account ended while the password was looked at has nothing open.
        account = read(self.databases.reader, lambda connection: staff.get(connection, member.name))
        if account and account.ended:
            self.close(token)
        return token

    def holder(self, token: str) -> StaffMember | None:
        """Who has this session, or None where it has ended."""
        now = int(time())
        found = read(self.databases.reader, lambda connection: staff.session(connection, _sha256(token)))
        if found is None or now - found.seen > IDLE or now - found.began > LONGEST_SESSION:
            return None
        if now - found.seen >= TOUCH:
            with day_transaction(self.databases.reader) as day:
                staff.touch(day, found.token_sha256, now)
        return found.member

    def close(self, token: str) -> None:
        with day_transaction(self.databases.reader) as day:
            staff.end_session(day, _sha256(token))

    def _new(self, member: StaffMember, second_factor: bool) -> tuple[NewAccount, Account]:
        new = NewAccount(secrets.token_urlsafe(PASSWORD_BYTES), pyotp.random_base32() if second_factor else "")
        sealed = self.vault.seal(_TOTP, new.secret) if new.secret else b""
        return new, Account(member, self.hasher.hash(new.password), sealed, self.vault.key_id, 0, ended=False)

    def _known(self, name: str) -> Account:
        found = read(self.databases.reader, lambda connection: staff.get(connection, name))
        if found is None or found.ended:
            raise OperatorError(f"staff {name}: there is no such account")
        return found

    def _shut(self, name: str) -> None:
        with day_transaction(self.databases.reader) as day:
            staff.end_sessions(day, name)

    def _password_fits(self, account: Account | None, password: str) -> bool:
        """Of nobody the same work is done. UnavailableError where too many try at once."""
        if not _AT_ONCE.acquire(timeout=_PATIENCE):
            raise UnavailableError("too many sign in at once; try again soon")
        try:
            if account is None:
                self.hasher.hash(password)
                return False
            return self.hasher.verify(account.password_hash, password)
        except VerificationError:
            return False
        finally:
            _AT_ONCE.release()

    def _second_fits(self, account: Account, typed: Credentials, now: int) -> bool:
        """Whether the code is one of now and was not used. An account without one is good on this machine alone."""
        if not account.totp:
            return typed.local
        codes = pyotp.TOTP(self.vault.unseal(account.key_id, _TOTP, account.totp))
        steps, tried = range(now // STEP - DRIFT, now // STEP + DRIFT + 1), typed.code.encode("utf-8", "surrogatepass")
        fits = [step for step in steps if compare_digest(codes.at(step * STEP).encode(), tried)]
        if not fits:
            return False
        with self.databases.writer.begin() as connection:
            return staff.use_step(connection, account.member.name, max(fits))


def _tried(day: Connection, about: bytes, free: int, now: int) -> bool:
    """Count a try; whether it comes while no one is let in."""
    counted = staff.failed(day, about, now, now - FORGOTTEN)
    if counted.locked_until > now:
        return True
    if counted.failures >= free:
        staff.lock(day, about, now + min(LONGEST, WAIT * 2 ** min(counted.failures - free, 9)))
    return False


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
