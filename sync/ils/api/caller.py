"""One call of the API at [ils.delivery] url, and its answer."""

import json
import logging
import time
from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError
from urllib3 import BaseHTTPResponse, PoolManager, Timeout
from urllib3.exceptions import HTTPError, SSLError

from access_service.ils import Delivery
from sync.ils.api.answer import Answer, RefusedError
from sync.ils.api.trouble import CERTIFICATE, PASSING, PassingError, asked_for, broke, out_of_order, unwelcome
from sync.ils.trouble import UndeliveredError

T = TypeVar("T")

MOST_BYTES = 4 * 1024 * 1024
_CHUNK = 64 * 1024

TAKEN = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT})
# Of one order, and not of the key or the server.
REFUSALS = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}
)

# Headers that say who we are, by way of an Api that does not say it yet.
LogIn = Callable[["Api"], Mapping[str, str]]


class Api:
    """An ILS's API, between `with` and its end. TLS is checked always; SSL_CERT_FILE names other authorities."""

    def __init__(self, delivery: Delivery, log_in: LogIn) -> None:
        self._delivery, self._log_in = delivery, log_in
        self._host = urlsplit(delivery.url).netloc
        self._who: Mapping[str, str] | None = None
        self._next = 0.0
        self._pool = PoolManager(
            timeout=Timeout(connect=delivery.timeout_seconds, read=delivery.timeout_seconds),
            retries=False,
        )
        # Its warnings have addresses in them, and those have numbers.
        logging.getLogger("urllib3").setLevel(logging.ERROR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._pool.clear()

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        also: Collection[int] = (),
    ) -> Answer:
        """One call with a JSON body, by who we are. `also` are answers that are no refusal here, such as 404.

        Errors: RefusedError of this order; PassingError; UndeliveredError of all orders.
        """
        text = None if body is None else json.dumps(body).encode()
        asked = {"Content-Type": "application/json"} if text else {}
        known = self._who is not None
        answer = self.send(method, path, text, {**asked, **self._login(), **(headers or {})})
        if answer.status == HTTPStatus.UNAUTHORIZED and known:
            # A token that was good has come to its end.
            self._who = None
            answer = self.send(method, path, text, {**asked, **self._login(), **(headers or {})})
        if answer.status in TAKEN or answer.status in also:
            return answer
        if answer.status in REFUSALS:
            raise RefusedError(answer.words())
        raise self.trouble(unwelcome(answer.status))

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One call as it is, for a login. Errors: PassingError; UndeliveredError where what answers is no API."""
        url = f"{self._delivery.url.rstrip('/')}/{path}"
        self._pause()
        try:
            response = self._pool.request(
                method,
                url,
                body=body,
                headers={"Accept": "application/json", **(headers or {})},
                redirect=False,
                preload_content=False,
            )
            try:
                text = self._text(response)
            finally:
                response.release_conn()
        except SSLError as error:
            raise self.trouble(CERTIFICATE) from error
        except (HTTPError, OSError) as error:
            raise PassingError(f"{self._host}: {broke(error, self._delivery.timeout_seconds)}") from error
        if response.status in PASSING:
            after = asked_for(response.headers.get("Retry-After", "0"))
            raise PassingError(f"{self._host}: {out_of_order(response.status)}", after=after, status=response.status)
        return Answer(response.status, response.headers, self._json(response.status, text))

    def trouble(self, what: str) -> UndeliveredError:
        """`what` says what is wrong with the API, and what to see to."""
        return UndeliveredError(f"{self._host}: {what}")

    def shaped(self, answer: Answer, shape: TypeAdapter[T]) -> T:
        """What an answer says. Errors: UndeliveredError where that has another shape."""
        try:
            return shape.validate_python(answer.body)
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"])) or "it"
        # Not from the error, which quotes what was answered.
        raise self.trouble(f"what answers is not the API of this [ils] format ({where}); check [ils.delivery] url")

    def _login(self) -> Mapping[str, str]:
        if self._who is None:
            self._who = self._log_in(self)
        return self._who

    def _pause(self) -> None:
        time.sleep(max(0, self._next - time.monotonic()))
        self._next = time.monotonic() + self._delivery.pause_seconds

    def _text(self, response: BaseHTTPResponse) -> bytes:
        end, found = time.monotonic() + 2 * self._delivery.timeout_seconds, bytearray()
        while chunk := response.read1(_CHUNK):
            found += chunk
            if len(found) > MOST_BYTES or time.monotonic() > end:
                response.close()
                raise self.trouble("its answer has no end; check [ils.delivery] url")
        return bytes(found)

    def _json(self, status: int, text: bytes) -> Any:
        try:
            return json.loads(text) if text.strip() else None
        except ValueError as error:
            if status not in TAKEN and status not in REFUSALS:
                return None
            raise self.trouble(f"what answers (HTTP {status}) is no API; check [ils.delivery] url") from error
