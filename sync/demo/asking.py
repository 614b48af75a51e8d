"""Questions to the demo's own service over HTTP, each with what a right answer holds."""

import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from sync.demo.tonight import Sample

_TIMEOUT_SECONDS = 10


@dataclass(frozen=True)
class Question:
    """`body` is sent as JSON; every text of `wanted` must be in the answer, which is "STATUS BODY" on one line."""

    about: str
    path: str
    wanted: tuple[str, ...]
    body: Mapping[str, str] | None = None

    @property
    def method(self) -> str:
        return "GET" if self.body is None else "POST"


def ask(port: int, key: str, question: Question) -> str:
    """The answer of the service on this port: "STATUS BODY", JSON without blanks. OSError where nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    body = None
    if question.body is not None:
        headers["Content-Type"] = "application/json"
        body = json.dumps(dict(question.body))
    try:
        connection.request(question.method, question.path, body, headers)
        response = connection.getresponse()
        return f"{response.status} {_one_line(response.read().decode(), response.headers.get_content_type())}"
    except http.client.HTTPException as error:
        raise ConnectionError(f"not HTTP: {error!r}") from error
    finally:
        connection.close()


def questions(who: Sample) -> Iterator[Question]:
    """What `make demo` asks: both dialects, right and wrong."""
    wrong_pin = "0000"  # nobody is born on it
    scanned = f" a{who.library_number[:6]} {who.library_number[6:]}b "
    let_in = ("200", '"authenticated":true', '"pin":"ok"', '"standing":"active"')
    for about, number in (
        ("the student number, with the right PIN", who.student_number),
        ("the library number, with the right PIN", who.library_number),
        ("a scan with blanks and lower-case start and stop marks", scanned),
        ("the student number without the zeros that a spreadsheet lost", who.student_number.lstrip("0")),
    ):
        yield _authentication(about, number, who.pin, let_in)
    denied = ("200", '"authenticated":false', '"pin":"wrong"')
    yield _authentication("the right number with a wrong PIN", who.student_number, wrong_pin, denied)
    unknown = ("200", '"authenticated":false', '"standing":"unknown"')
    yield _authentication("a number that nobody has", who.nobody, who.pin, unknown)
    yield Question("GET the patron", f"/v1/patrons/{who.student_number}", ("200", who.library_number))
    yield Question("GET a patron whom nobody knows", f"/v1/patrons/{who.nobody}", ("404",))
    base = f"/PATRONAPI/{quote(who.student_number)}"
    yield Question("Patron API dump", f"{base}/dump", ("200", f"P BARCODE[pb]={who.library_number}<BR>"))
    yield Question("Patron API, right PIN", f"{base}/{who.pin}/pintest", ("200", "RETCOD=0<BR>"))
    yield Question("Patron API, wrong PIN", f"{base}/{wrong_pin}/pintest", ("200", "RETCOD=1<BR>", "ERRNUM=4<BR>"))
    yield Question("Patron API, unknown", f"/PATRONAPI/{who.nobody}/dump", ("200", "ERRNUM=1<BR>"))


def _authentication(about: str, number: str, pin: str, wanted: tuple[str, ...]) -> Question:
    return Question(about, "/v1/authentications", wanted, {"number": number, "pin": pin})


def _one_line(body: str, kind: str) -> str:
    if kind.endswith("json"):
        return json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False)
    return " ".join(body.split("\n"))
