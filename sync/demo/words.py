"""What a demo says to the person who started it."""

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from sync.demo.stage import ADMIN, Stage


def night(stage: Stage) -> str:
    """The run in a few words: its outcome, how many patrons it touched, and what held it."""
    report = stage.report
    changed = [f"{n:,} {kind.replace('_', ' ')}" for kind, n in report.get("counts", {}).items() if n]
    held = [f"\n  {finding['text']}; the last good night is served" for finding in report.get("findings", [])]
    return f"Night {stage.night} over SFTP: {', '.join((report['outcome'], *changed))}{''.join(held)}"


def load(stage: Stage) -> str:
    """What the ILS was told of it, the beginning of the last file, and what the ILS says then."""
    told = {action: n for action, n in stage.report["ils_load"].get("counts", {}).items() if n}
    said = ", ".join(f"{n:,} {action}" for action, n in told.items()) or "nothing new"
    file = stage.home.library.taken[-1]
    head = file.read_text(encoding="utf-8").splitlines()[:2]
    lines = [f"The ILS was told {said}. The last file, {file}:", *(f"  {line}" for line in head)]
    return "\n".join([*lines, "Its patron file has come back:", f"  {stage.heard}"])


def invitation(stage: Stage) -> str:
    """Where the service is, who can sign in, and three commands to paste."""
    who = stage.who
    return "\n".join(
        (
            night(stage),
            load(stage),
            "",
            f"  service      {stage.facts()['http_url']}",
            f"  SIP2         {stage.facts()['sip2_address']}  (login and password: var/demo.json)",
            f"  student ID   {who.student_number}  (library card {who.library_number})",
            f"  PIN          {who.pin}",
            f"  staff pages  {stage.facts()['admin_url']}  (user {ADMIN}, password {stage.facts()['admin_password']})",
            "",
            "Try, in another terminal:",
            *(f"  {command}" for command in _commands(stage)),
            "",
            f"Ctrl-C stops everything; the next `make run` runs the next night. Logs: {stage.home.log}",
        )
    )


def _commands(stage: Stage) -> Iterator[str]:
    facts = stage.facts()
    body = json.dumps({"number": facts["student_number"], "pin": facts["pin"]})
    yield shlex.join(
        (
            *(
                "curl",
                "-s",
                f"{facts['http_url']}/v1/authentications",
                "-H",
                f"Authorization: Bearer {facts['api_key']}",
            ),
            *("-H", "Content-Type: application/json", "-d", body),
        )
    )
    yield f"curl -s {facts['patronapi_url']}/{facts['student_number']}/{facts['pin']}/pintest"
    variables = (f"{name}={shlex.quote(value)}" for name, value in stage.home.day_variables().items())
    program = shlex.quote(str(Path(sys.executable).with_name("access-service")))
    yield f"{' '.join(variables)} {program} explain {facts['student_number']}"
