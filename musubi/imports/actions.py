"""A table is read, shown to a person, and then brought in whole or not at all."""

from datetime import datetime
from pathlib import PurePath

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.translation import gettext as _

from musubi.challenges import actions as challenges
from musubi.challenges.models import Challenge
from musubi.fund.actions import money
from musubi.fund.models import Fund, Programme
from musubi.fund.states import Earmark, Source
from musubi.imports.models import Run
from musubi.imports.report import Line, Report
from musubi.imports.rows import where
from musubi.imports.rules import Options, digest, examine
from musubi.imports.states import RUN, Kind
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Refused
from musubi.lib.lifecycle import move, update
from musubi.people import actions as people
from musubi.people.models import Municipality, Organisation, User
from musubi.people.permissions import Can, require
from musubi.plan.models import Goal
from musubi.proposals import actions as proposals

_LONGEST_NAME = 200


@transaction.atomic
def preview(
    kind: str,
    data: bytes,
    filename: str,
    municipality: Municipality,
    *,
    by: User | None,
    mapping: dict | None = None,
    options: Options | None = None,
) -> Run:
    """Read a file and keep what an import of it would do; nothing of it is registered yet.

    Raises NotAllowed unless `by` imports here, Refused where the file is no table.
    """
    require(by, Can.IMPORT, municipality)
    options = options or Options()
    report = examine(kind, data, filename, municipality, mapping=mapping, options=options)
    run = Run(
        municipality=municipality,
        kind=kind,
        filename=filename[-_LONGEST_NAME:],
        digest=digest(data),
        mapping=mapping or {},
        options=options.as_json(),
        report=report.as_json(),
        by=by,
        at=clock.now(),
    )
    run.data.save(f"{run.digest[:16]}{PurePath(filename).suffix[:5]}", ContentFile(data), save=False)
    run.save()
    journal.write("run.previewed", run, by=by, **_summary(run))
    return run


@transaction.atomic
def reconsider(run: Run, *, by: User | None, mapping: dict, options: Options) -> None:
    """Make the preview again with columns and options put right by a person.

    Raises NotAllowed unless `by` imports here, Conflict where the run has been imported or given up meanwhile.
    """
    require(by, Can.IMPORT, run.municipality)
    report = examine(
        run.kind,
        _bytes(run),
        run.filename,
        run.municipality,
        mapping=mapping,
        options=options,
        run_id=run.pk,
    )
    update(
        run,
        RUN.subject,
        guard={"state": "previewed"},
        mapping=mapping,
        options=options.as_json(),
        report=report.as_json(),
    )
    journal.write("run.reconsidered", run, by=by, **_summary(run))


@transaction.atomic
def carry_out(run: Run, *, by: User | None) -> None:
    """Register every importable row, or none: the table is examined once more as things stand now.

    Raises NotAllowed unless `by` imports here; Refused where a cell holds an error, where no row is new, or where
    the run was imported before (so a second press imports nothing); Conflict where somebody was faster.
    Follows: each row's own action writes its own journal entry; the run keeps the final report.
    """
    require(by, Can.IMPORT, run.municipality)
    move(run, RUN, "imported", done_at=clock.now(), done_by=by)
    report = examine(
        run.kind,
        _bytes(run),
        run.filename,
        run.municipality,
        mapping=run.mapping,
        options=Options.from_json(run.options),
        run_id=run.pk,
    )
    _refuse_errors(report)
    _register(report, run, by)
    update(run, RUN.subject, guard={"state": "imported"}, report=report.as_json(imported=True))
    journal.write("run.imported", run, by=by, **_summary(run))


@transaction.atomic
def abandon(run: Run, *, by: User | None) -> None:
    """Give up an import after its preview. The file is removed: nobody needs it any more."""
    require(by, Can.IMPORT, run.municipality)
    move(run, RUN, "abandoned", done_at=clock.now(), done_by=by)
    journal.write("run.abandoned", run, by=by)
    storage, name = run.data.storage, run.data.name
    update(run, RUN.subject, guard={"state": "abandoned"}, data="")
    if name:
        transaction.on_commit(lambda: storage.delete(name))


# --- each kind through its own actions ---------------------------------------------------------------------------


def _register(report: Report, run: Run, by: User | None) -> None:
    """Every importable row through the product's own action; a refusal names its row and undoes them all."""
    options = Options.from_json(run.options)
    register = {
        Kind.CHALLENGES: _challenge,
        Kind.ORGANISATIONS: _organisation,
        Kind.PROPOSALS: _proposal,
        Kind.CONTRIBUTIONS: _contribution,
    }[run.kind]
    lines = report.importable
    if run.kind == Kind.CONTRIBUTIONS:
        lines = sorted(lines, key=lambda line: line.values["pledged_on"])
    if run.kind != Kind.ORGANISATIONS and by is None:
        raise Refused(_("だれの操作として取り込むかを指定してください(--by メールアドレス)。"), field="by")
    if run.kind == Kind.PROPOSALS:
        # In the order they were received, so that their numbers run with their dates.
        lines = sorted(lines, key=lambda line: line.values["submitted_on"] or clock.today())
    for line in lines:
        try:
            register(line, run.municipality, options, by)
        except Refused as refusal:
            raise type(refusal)(f"{where(line)}: {refusal}") from refusal


def _challenge(line: Line, municipality: Municipality, options: Options, by: User) -> None:
    challenge: Challenge = challenges.draft_challenge(line.values.pop("department"), by=by, **line.values)
    if options.state in ("checking", "published"):
        challenges.ask_for_check(challenge, by=by)
    if options.state == "published":
        challenges.publish(challenge, by=by)
    line.ref = challenge.ref


def _organisation(line: Line, municipality: Municipality, options: Options, by: User | None) -> None:
    values = line.values
    joined_on = values.pop("joined_on", None)
    if existing := values.get("existing"):
        organisation = Organisation.objects.get(pk=existing)
    else:
        values.pop("key")
        organisation = people.register_organisation(by=by, represent=False, **values)
    if options.members:
        people.enrol_member(organisation, municipality, by=by, joined_on=joined_on)
    line.ref = str(organisation.pk)


def _proposal(line: Line, municipality: Municipality, options: Options, by: User) -> None:
    values = line.values
    new = values["new"]
    if new and "id" not in new:
        new["id"] = people.register_organisation(by=by, represent=False, **new).pk
    words = {name: values[name] for name in ("title", "content", "effect", "request", "schedule", "cost")}
    if values["channel"]:
        words["channel"] = values["channel"]
    challenge = Challenge.objects.get(pk=values["challenge"]) if values["challenge"] else None
    with clock.standing_at(_received_at(values["submitted_on"])):
        # The proposal counts from the day it was received; the run's own entry keeps when it was brought in.
        proposal = proposals.receive_proposal(
            Organisation.objects.get(pk=values["organisation"] or new["id"]),
            municipality,
            by=by,
            track=values["track"],
            challenge=challenge,
            field_wanted=values["field_wanted"],
            goals=values["goals"],
            fields=values["fields"],
            **words,
        )
    line.ref = proposal.ref


def _contribution(line: Line, municipality: Municipality, options: Options, by: User) -> None:
    values = line.values
    new = values["new"]
    if new and "id" not in new:
        new["id"] = people.register_organisation(by=by, represent=False, **new).pk
    who = values["organisation"] or (new and new["id"])
    fund = Fund.objects.get(pk=values["fund"])
    what = dict(values["pot"])
    if "goal" in what:
        what["goal"] = Goal.objects.get(number=what["goal"])
    if "programme" in what:
        what["programme"] = Programme.objects.get(pk=what["programme"])
    contribution = money.pledge(
        money.earmark(fund, by=by, **what) if what else fund.pots.get(earmark=Earmark.GENERAL),
        by=by,
        source=Source(values["source"]),
        yen=values["yen"],
        name=values["name"],
        organisation=Organisation.objects.get(pk=who) if who else None,
        is_anonymous=values["is_anonymous"],
        message=values["message"],
        on=values["pledged_on"],
    )
    if values["received_on"]:
        money.receive(contribution, by=by, on=values["received_on"])
    line.ref = contribution.ref


def _received_at(day) -> datetime:
    return clock.at(day) if day and day < clock.today() else clock.now()


# --- steps the actions share ---------------------------------------------------------------------------------------


def _refuse_errors(report: Report) -> None:
    """All or nothing: one error holds everything back, and the refusal names the first cells."""
    if report.errors:
        shown = "、".join(
            f"{problem.sheet} {problem.cell}".strip() or report.filename for problem in report.errors[:5]
        )
        more = _(" ほか") if len(report.errors) > 5 else ""
        raise Refused(
            _(
                "%(count)d件のエラーがあるため、1行も取り込んでいません。次のセルを直してください: %(cells)s%(more)s"
            )
            % {"count": len(report.errors), "cells": shown, "more": more}
        )
    if not report.importable:
        raise Refused(_("新しく取り込む行がありません。すべての行が登録済みか、取り込みの対象外です。"))


def _bytes(run: Run) -> bytes:
    try:
        with run.data.open("rb") as file:
            return file.read()
    except (OSError, ValueError) as error:
        raise Refused(_("ファイルが残っていません。もう一度ファイルを選んでください。")) from error


def _summary(run: Run) -> dict:
    report = run.report
    return {
        "kind": str(run.kind),
        "digest": run.digest,
        **{name: report[name] for name in ("rows_in", "rows_imported", "rows_reported")},
    }
