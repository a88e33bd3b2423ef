"""What is handed in as a file: with an application, and after the award as evidence of what was spent."""

from uuid import UUID

from django.db import IntegrityError, transaction

from musubi.fund.models import Application, CostLine, MaskedPaper, Paper, RequiredPaper
from musubi.fund.rules import may_be_reported, may_be_written
from musubi.fund.states import APPLICATION, Phase
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Conflict, Refused
from musubi.lib.lifecycle import hold
from musubi.people.models import User
from musubi.people.permissions import Can, require
from musubi.services.virus_scan import Verdict

MOST_PAPERS = 60


@transaction.atomic
def add_paper(
    application: Application,
    *,
    by: User,
    stored: str,
    name: str,
    size: int,
    media_type: str,
    scanned: str = Verdict.NOT_SCANNED,
    required: RequiredPaper | None = None,
    cost: CostLine | None = None,
    for_report: bool = False,
    key: UUID | None = None,
) -> Paper:
    """Put an already accepted and stored file (see `services.storage.keep`) with an application, or with its report.

    `required` is the document of the programme that it is, `cost` the line of what was spent that it proves. `key` names
    the form: sent twice, it is there once. Raises Refused where the application or the report was sent in, for a
    document or a cost that is not of this application, and where there are as many files as there may be.
    """
    require(by, Can.APPLY_TO_FUND, application)
    # Two files sent at once must not both be the last; and none comes while it is being sent in.
    hold(application, APPLICATION.subject)
    if key and (known := application.papers.filter(key=key).first()):
        return known
    _require_open(application, for_report)
    if required and (required.edition_id != application.edition_id or required.for_report != for_report):
        raise Refused("書類の種類を一覧から選び直してください。", field="papers")
    if cost and (cost.application_id != application.pk or cost.phase != Phase.ACTUAL or not for_report):
        raise Refused("どの経費の証拠書類かを、一覧から選び直してください。", field="papers")
    if application.papers.filter(for_report=for_report).count() >= MOST_PAPERS:
        raise Refused(
            f"添付できるファイルは{MOST_PAPERS}個までです。不要なものを外すか、一つにまとめてください。",
            field="papers",
        )
    try:
        with transaction.atomic():
            paper = Paper.objects.create(
                application=application,
                required=required,
                cost=cost,
                for_report=for_report,
                key=key,
                name=name,
                file=stored,
                size=size,
                media_type=media_type,
                scanned=scanned,
                added_at=clock.now(),
                added_by=by,
            )
    except IntegrityError as error:
        raise Conflict("この画面からは、もう添付できません。画面を読み込み直してください。") from error
    journal.write("application.paper_added", application, by=by, file=paper.pk, name=name)
    return paper


@transaction.atomic
def remove_paper(paper: Paper, *, by: User) -> None:
    """Take a file off again, before the application or the report it belongs to is sent in.

    Raises Refused afterwards. The bytes go from the disk once the removal is certain.
    """
    application = paper.application
    require(by, Can.APPLY_TO_FUND, application)
    hold(application, APPLICATION.subject)
    _require_open(application, paper.for_report)
    storage, pk = paper.file.storage, paper.pk
    files = [paper.file.name, *MaskedPaper.objects.filter(paper=paper).values_list("file", flat=True)]
    if not Paper.objects.filter(pk=pk).delete()[0]:
        raise Conflict("このファイルは、別の人が先に外しました。画面を読み込み直してください。")
    journal.write("application.paper_removed", application, by=by, file=pk, name=paper.name)
    transaction.on_commit(lambda: [storage.delete(file) for file in files])


def _require_open(application: Application, for_report: bool) -> None:
    if for_report:
        if not may_be_reported(application):
            raise Refused("実績報告の書類を変えられる段階ではありません。画面を読み込み直してください。")
    elif not may_be_written(application):
        raise Refused("送った申請の書類は変えられません。変えたいときは、事務局にお問い合わせください。")
