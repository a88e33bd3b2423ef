"""What the committee reads of an application whose applicant it may not know: which files, in which copy, which words not."""

from django.db import transaction

from musubi.fund.blind import SHORTEST, is_hidden
from musubi.fund.models import Application, Assignment, MaskedPaper, Paper
from musubi.fund.rules import takes_corrections
from musubi.fund.states import APPLICATION, Stage
from musubi.journal import actions as journal
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, Refused
from musubi.lib.lifecycle import hold
from musubi.people.models import User
from musubi.people.permissions import Can, require
from musubi.services.virus_scan import Verdict

BEFORE_THE_RESULT = ("submitted", "returned", "checked")
MOST_WORDS, LONGEST_WORD = 50, 100


@transaction.atomic
def show_paper(paper: Paper, *, by: User | None, shown: bool) -> None:
    """The secretariat has looked through a file and lets the blind screening see it, or no longer.

    It is shown only before the first sheet of the application is in, so that all judge by the same; it is taken away
    again until the first screening is decided. Raises Refused otherwise.
    """
    application = paper.application
    require(by, Can.MANAGE_FUND, application.call)
    _hold(application, paper)
    if paper.shown_blind == shown:
        return
    sheets = Assignment.objects.filter(application=application, stage=Stage.FIRST, state="scored")
    if shown and sheets.exists():
        raise Refused(
            "もう採点した委員がいるため、新しく見せることはできません。どの委員も同じ書類で採点するためです。"
        )
    paper.shown_blind, paper.blind_at, paper.blind_by = shown, clock.now(), by
    paper.save(update_fields=["shown_blind", "blind_at", "blind_by"])
    verb = "application.paper_shown_blind" if shown else "application.paper_hidden_blind"
    journal.write(verb, application, by=by, file=paper.pk, name=paper.name)


@transaction.atomic
def mask_paper(
    paper: Paper,
    *,
    by: User | None,
    stored: str,
    name: str,
    size: int,
    media_type: str,
    scanned: str = Verdict.NOT_SCANNED,
) -> MaskedPaper:
    """Put an already stored copy, in which the names are blacked out, in a file's place for the blind screening; an
    earlier copy goes. Whether it is shown is `show_paper`'s matter. Raises Refused once the screening is decided."""
    application = paper.application
    require(by, Can.MANAGE_FUND, application.call)
    _hold(application, paper)
    if old := MaskedPaper.objects.filter(paper=paper).first():
        file, storage = old.file.name, old.file.storage
        old.delete()
        transaction.on_commit(lambda: storage.delete(file))
    masked = MaskedPaper.objects.create(
        application=application,
        paper=paper,
        name=name,
        file=stored,
        size=size,
        media_type=media_type,
        scanned=scanned,
        added_at=clock.now(),
        added_by=by,
    )
    journal.write("application.paper_masked", application, by=by, file=paper.pk, name=paper.name)
    return masked


@transaction.atomic
def hide_words(application: Application, *, by: User | None, words: str) -> None:
    """Further words that the blind copy leaves out, one a line: other spellings of a name, a shop, a person.

    Raises Missing for a word of one letter, which would eat every text, Refused for too many or too long ones.
    """
    require(by, Can.MANAGE_FUND, application.call)
    _hold(application)
    found = list(dict.fromkeys(line.strip() for line in words.splitlines() if line.strip()))
    if short := next((word for word in found if len("".join(word.split())) < SHORTEST), None):
        raise Missing(f"「{short}」は短すぎます。{SHORTEST}字以上の言葉にしてください。", field="words")
    if len(found) > MOST_WORDS or any(len(word) > LONGEST_WORD for word in found):
        raise Refused(f"{LONGEST_WORD}字までの言葉を、{MOST_WORDS}個までにしてください。", field="words")
    application.hidden_words = "\n".join(found)
    application.save(update_fields=["hidden_words"])
    journal.write("application.words_hidden", application, by=by, words=len(found))


def _hold(application: Application, paper: Paper | None = None) -> None:
    """Whoever scores waits; and nothing changes of what a decided screening has read."""
    hold(application, APPLICATION.subject)
    if not is_hidden(application, Stage.FIRST):
        raise Refused("この制度は団体名を出して審査するため、伏せるものはありません。")
    if application.state not in BEFORE_THE_RESULT or not takes_corrections(application.call):
        raise Refused("第一次審査は終わりました。委員に見せた内容は、もう変えられません。")
    if paper is not None:
        try:
            paper.refresh_from_db()
        except Paper.DoesNotExist as error:
            raise Conflict("このファイルは、団体が先に外しました。画面を読み込み直してください。") from error
        if paper.for_report:
            raise Refused("実績報告の書類は、審査では見せません。")
