"""What `make demo` asks the service it started, printed with the answers, right or wrong."""

from collections.abc import Iterator

import click

from access_service.errors import OperatorError
from sync.demo.asking import Question, ask, questions
from sync.demo.self_check import SelfCheck, patron_information
from sync.demo.stage import Stage


def examine(stage: Stage) -> bool:
    """Ask everything, print everything; whether all of it was right. OperatorError where nobody answers."""
    return all([*_lookups(stage), *_over_sip2(stage), _explanation(stage)])


def _lookups(stage: Stage) -> Iterator[bool]:
    for question in questions(stage.who):
        stage.check()
        try:
            answer = ask(stage.port, stage.facts()["api_key"], question)
        except OSError as error:
            raise OperatorError(f"{question.method} {question.path}: {error}") from error
        yield _print(_asked(question), answer, question.wanted)


def _over_sip2(stage: Stage) -> Iterator[bool]:
    facts = stage.facts()
    try:
        with SelfCheck(stage.sip2_port) as self_check:
            self_check.ask(f"9300CN{facts['sip2_login']}|CO{facts['sip2_password']}|")
            for about, pin, wanted in (("right", facts["pin"], "|CQY|"), ("wrong", "0000", "|CQN|")):
                asked = patron_information(facts["institution"], facts["student_number"], pin)
                shown = asked.replace(f"|AD{pin}|", "|AD****|")
                told = self_check.ask(asked)
                yield _print(f"SIP2 patron information, {about} PIN: {shown}", told, ("64", "|BLY|", wanted))
    except OSError as error:
        raise OperatorError(f"SIP2 on port {stage.sip2_port}: {error}") from error


def _explanation(stage: Stage) -> bool:
    command = ["access-service", "explain", stage.who.student_number]
    answer = stage.children.run(command, stage.home.environment())
    return _print(" ".join(command), answer, (stage.who.library_number,))


def _asked(question: Question) -> str:
    body = "" if question.body is None else f" {dict(question.body)}"
    return f"{question.about}: {question.method} {question.path}{body}"


def _print(asked: str, answer: str, wanted: tuple[str, ...]) -> bool:
    missing = [text for text in wanted if text not in answer]
    verdict = f"WRONG, should hold {' and '.join(missing)}" if missing else "right"
    told = answer.strip().replace("\n", "\n  ")
    click.echo(f"\n? {asked}\n  {told}\n  ({verdict})")
    return not missing
