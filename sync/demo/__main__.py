"""`python -m sync.demo run` serves until it is told to stop; `python -m sync.demo check` asks, prints and ends."""

import os
import socket
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from access_service.errors import OperatorError
from sync.demo import words
from sync.demo.children import Stop, Stopped
from sync.demo.examination import examine
from sync.demo.files import announcement, held
from sync.demo.home import CONFIG, Home
from sync.demo.stage import staged

_LAST_PORT = 65535


@click.group()
@click.option("--var", type=click.Path(path_type=Path), default=CONFIG.parent / "var", help="Where demos keep files.")
@click.pass_context
def main(context: click.Context, var: Path) -> None:
    """A synthetic district, its nightly roster over SFTP, and the service that answers for it."""
    context.obj = var.resolve()
    context.obj.mkdir(parents=True, exist_ok=True)


@main.command()
@click.pass_obj
def run(var: Path) -> None:
    """Run the next night and serve it until Ctrl-C or SIGTERM. HTTP_PORT and SIP2_PORT choose the ports."""
    with _ending(stopped=0):
        _run(var, Stop())


@main.command()
@click.pass_obj
def check(var: Path) -> None:
    """Run a first night on a free port, ask a handful of questions, and end with 0 if every answer is right."""
    with _ending(stopped=130):
        sys.exit(0 if _check(var, Stop()) else 1)


def _run(var: Path, stop: Stop) -> None:
    port, sip2_port = _port("http", "HTTP_PORT"), _port("sip2", "SIP2_PORT")
    home = Home(var / "run")
    home.folder.mkdir(mode=0o700, exist_ok=True)
    with held(home.folder / "lock") as alone, announcement(var / "demo.json") as announce:
        if not alone:
            raise OperatorError(f"another make run is using {home.folder}: stop it first")
        click.echo(f"Starting: night {home.night} of a synthetic district over SFTP, then the service ...")
        with staged(home, port, sip2_port, stop) as stage:
            if not announce(stage.facts()):
                click.echo(f"{var / 'demo.json'} belongs to a demo that is still up and was left alone", err=True)
            click.echo(words.invitation(stage))
            while True:
                stop.wait()
                stage.check()


def _check(var: Path, stop: Stop) -> bool:
    with (
        tempfile.TemporaryDirectory(dir=var, prefix="demo-") as folder,
        announcement(var / "demo.json") as announce,
        staged(Home(Path(folder)), _bind(0), _bind(0), stop) as stage,
    ):
        announce(stage.facts())
        click.echo(words.night(stage))
        click.echo(words.load(stage))
        return examine(stage)


@contextmanager
def _ending(stopped: int) -> Iterator[None]:
    try:
        yield
    except Stopped:
        click.echo("Stopped.")
        sys.exit(stopped)
    except OperatorError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)


def _port(table: str, variable: str) -> int:
    configured = tomllib.loads((CONFIG / "service.toml").read_text(encoding="utf-8"))[table]["port"]
    chosen = os.environ.get(variable) or str(configured)
    if not chosen.isdecimal() or not 1 <= int(chosen) <= _LAST_PORT:
        raise OperatorError(f"{variable} is {chosen!r}: should be 1 to {_LAST_PORT}")
    try:
        return _bind(int(chosen))
    except OSError as error:
        raise OperatorError(
            f"port {chosen}: {error.strerror}; choose another, as in {variable}={int(chosen) + 1} make run"
        ) from error


def _bind(port: int) -> int:
    """The port, if it is free; of 0 some free one."""
    with socket.create_server(("127.0.0.1", port)) as probe:
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
