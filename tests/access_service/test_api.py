"""The JSON API as its pages tell it: docs/api.md, run, and the OpenAPI document, tried at random."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from http import HTTPStatus
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.schemas import BaseSchema

from access_service.admitting import DEFAULT_RELEASES
from access_service.protocols.rest import codec
from access_service.storage import engine, schema
from access_service.storage.engine import Databases
from tests.access_service import seed
from tests.access_service.test_web import running

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```(sh|python)\n(.*?)```\n\n```json\n(.*?)```", PAGE, re.DOTALL)
CASES = int(os.environ.get("API_CASES", "80"))
RUN = {"sh": ["sh", "-c"], "python": [sys.executable, "-c"]}


def made(folder: Path) -> Databases:
    """The student of the page, and a client that was released what is usual."""
    databases = engine.connect(f"sqlite:///{folder}/access.db")
    schema.upgrade(databases)
    seed.store(databases, seed.patron(expires=date(2034, 6, 30)))
    seed.admit(databases, seed.client(releases=frozenset(DEFAULT_RELEASES)))
    return databases


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_every_example_of_the_page_does_what_it_says(tmp_path: Path) -> None:
    """Each block of code prints the block of JSON that follows it, asked of a real server."""
    made(tmp_path).dispose()
    assert len(EXAMPLES) == PAGE.count("```sh") + PAGE.count("```python") == 4
    with running(f"sqlite:///{tmp_path}/access.db", tmp_path) as service:
        named = os.environ | {"SERVICE": f"http://127.0.0.1:{service.port}", "KEY": seed.KEY}
        for language, code, expected in EXAMPLES:
            ran = subprocess.run([*RUN[language], code], env=named, capture_output=True, timeout=30, check=True)
            assert json.loads(ran.stdout) == json.loads(expected), code


def test_every_problem_has_its_line() -> None:
    """Status and type of each problem there is, and of no other; each has words of its own."""
    rows = re.findall(r"^\| (\d{3}) \| `([a-z-]+)` \|", PAGE, re.MULTILINE)
    assert {int(status): word for status, word in rows} == codec.TYPES
    assert codec.TYPES.keys() == codec.DETAILS.keys()
    assert f"`{codec.TYPE_PREFIX}`" in PAGE
    for status in (*codec.TYPES, HTTPStatus.IM_A_TEAPOT):
        codec.Problem.model_validate(codec.problem(status), strict=True)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BaseSchema]:
    """The OpenAPI document of an app that answers from loopback."""
    databases = made(tmp_path_factory.mktemp("api"))
    inner = seed.app(databases)

    def near(environ: WSGIEnvironment, start: StartResponse) -> object:
        return inner({**environ, "REMOTE_ADDR": "127.0.0.1"}, start)

    yield schemathesis.openapi.from_wsgi("/openapi.json", near)
    databases.dispose()


def of_somebody(case: Case[Any]) -> Case[Any]:
    """Nobody guesses a number that somebody has."""
    if "number" in case.path_parameters:
        case.path_parameters["number"] = "0012345"
    return case


@pytest.mark.parametrize("mode", GenerationMode, ids=str)
def test_whatever_is_asked_the_document_foretells_the_answer(api: BaseSchema, mode: GenerationMode) -> None:
    """Right and wrong questions, with a key and without: each status, type and body is one that the document has."""
    for found in api.get_all_operations():
        assert isinstance(found, Ok)
        anything = found.ok().as_strategy(generation_mode=mode)

        @given(case=anything | anything.map(of_somebody) if mode is GenerationMode.POSITIVE else anything)
        @settings(max_examples=CASES, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
        def asked(case: Case[Any]) -> None:
            case.call_and_validate(headers={"Authorization": f"Bearer {seed.KEY}"})

        asked()
