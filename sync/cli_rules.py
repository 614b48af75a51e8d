"""roster-sync rules: what was accepted for a district, what its file says now, and accepting that."""

import json

import click

from access_service.audit import Action, Deed
from access_service.command_line import WHY
from access_service.errors import OperatorError
from access_service.storage import rule_versions, schema
from access_service.storage.engine import database_errors
from access_service.storage.rule_versions import RuleVersion
from sync.acceptance import accept
from sync.console import JSON, Installation
from sync.order import Job, auditor
from sync.report import shown
from sync.rules import as_tables, difference, rules_of


@click.group()
def rules() -> None:
    """The accepted versions of a district's rules: list, show and accept them."""


@rules.command("list")
@click.argument("district")
@JSON
@click.pass_obj
def list_(installation: Installation, district: str, as_json: bool) -> None:
    """List the versions that were accepted for DISTRICT, the newest last."""
    _, found = _known(installation, district)
    if as_json:
        click.echo(json.dumps({"district": district, "versions": [_facts(each) for each in found]}))
        return
    for each in found:
        click.echo(_headline(each))
    if not found:
        click.echo(f"{district}: none yet; its first night accepts the rules that it uses")


@rules.command("show")
@click.argument("district")
@click.argument("version", required=False)
@click.pass_obj
def show(installation: Installation, district: str, version: str | None) -> None:
    """Show DISTRICT's rules as its file has them now, or as VERSION had them, and what that version changed."""
    job, found = _known(installation, district)
    if version:
        chosen = [each for each in found if each.version.startswith(version)]
        if not chosen:
            raise OperatorError(f"no version {version!r} of {district}; `roster-sync rules list {district}` names them")
        headline, text, diff = _headline(chosen[-1]), chosen[-1].text, chosen[-1].diff.splitlines()
    else:
        now, standing = rules_of(job.district), _standing(found)
        text, diff = now.text, difference(standing.text, now.text) if standing else []
        said = "differ from the accepted ones" if diff else "accepted" if standing else "no night was run yet"
        headline = f"{now.version}  as {district}.toml has them now: {said}"
    click.echo("\n".join(f"# {shown(line)}" for line in (headline, *diff)))
    click.echo(f"\n{as_tables(text)}", nl=False)


@rules.command("accept")
@click.argument("district")
@click.option("--reason", required=True, type=WHY, help="Why, for the ledger.")
@click.pass_obj
def accept_(installation: Installation, district: str, reason: str) -> None:
    """Accept DISTRICT's rules as its file has them now; `roster-sync preview` shows their plan first."""
    job, found = _known(installation, district)
    standing = _standing(found)
    if standing and standing.version == rules_of(job.district).version:
        click.echo(f"{district}: these rules are the accepted ones already")
        return
    with database_errors(), auditor(job).transaction(job.databases) as record:
        accepted = accept(record.connection, job, reason)
        before = {"rules": standing.version} if standing else {}
        after = {"rules": accepted.version}
        record.note(Deed(Action.RULES_ACCEPT, f"rules of {district}", reason, district, before, after))
    click.echo("\n".join([f"{district}: accepted {accepted.version}", *map(shown, accepted.diff.splitlines())]))


def _known(installation: Installation, district: str) -> tuple[Job, list[RuleVersion]]:
    job = installation.job(district)
    schema.check(job.databases)
    with database_errors(), job.databases.reader.connect() as connection:
        return job, rule_versions.versions(connection, district)


def _standing(found: list[RuleVersion]) -> RuleVersion | None:
    return next((each for each in reversed(found) if each.undone_by is None), None)


def _headline(each: RuleVersion) -> str:
    night = f" with run {each.run_id}" if each.run_id else ""
    gone = f", taken back by run {each.undone_by}" if each.undone_by else ""
    return shown(
        f"{each.version}  {each.accepted_at:%Y-%m-%d %H:%M} UTC{night}  {each.accepted_by}: {each.reason}{gone}"
    )


def _facts(each: RuleVersion) -> dict[str, object]:
    facts = {name: getattr(each, name) for name in ("version", "accepted_by", "reason", "run_id", "undone_by")}
    return facts | {"accepted_at": each.accepted_at.isoformat(), "diff": each.diff.splitlines()}
