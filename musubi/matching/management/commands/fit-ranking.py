from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from musubi.lib.errors import Refused
from musubi.matching import actions
from musubi.matching.models import Ranking
from musubi.people.models import Municipality

WRONG, WRONG_INPUT = 1, 2


class Command(BaseCommand):
    help = "候補への判断から、順位づけの重みを学び直して案を作る(採用するのは人。デスクがマッチングの画面で決める)"

    def add_arguments(self, parser):
        parser.add_argument(
            "municipality",
            nargs="?",
            metavar="MUNICIPALITY",
            help="自治体のアドレスの名前 (例: hamanagi)。なければすべて",
        )

    def handle(self, *, municipality: str | None, **options):
        try:
            cities = list(Municipality.objects.filter(**({"slug": municipality} if municipality else {})))
            if municipality and not cities:
                known = "、".join(Municipality.objects.values_list("slug", flat=True)[:20])
                raise CommandError(
                    f"「{municipality}」という自治体はありません。({known})", returncode=WRONG_INPUT
                )
            for city in cities:
                try:
                    self._tell(city, actions.propose_ranking(city))
                except Refused as refused:
                    if municipality:
                        raise CommandError(f"{city}: {refused}", returncode=WRONG) from refused
                    self.stdout.write(f"{city}: {refused}")
        except Error as problem:
            raise CommandError(
                f"データベースを使えません。先に script/musubi migrate を実行してください。({problem})",
                returncode=WRONG,
            ) from problem

    def _tell(self, city: Municipality, ranking: Ranking) -> None:
        self.stdout.write(
            "\n".join(
                [
                    f"{city}: 判断 {ranking.decisions} 件から順位づけの案を作りました。",
                    "  まだ使われていません。デスクが画面で見比べて、採用するかどうかを決めます。",
                    f"  いまの順位づけ   {_grade(ranking.before)}",
                    f"  新しい順位づけ   {_grade(ranking.after)}",
                    "  (学習に使っていない判断 {decisions} 件、課題 {challenges} 件で確かめました)".format(
                        **ranking.after
                    ),
                ]
            )
        )


def _grade(grade: dict) -> str:
    return (
        "最初の合う候補の順位の逆数(MRR) {mrr:.3f}[{mrr_low:.3f}〜{mrr_high:.3f}]、"
        "組の正しさ {accuracy:.1%}[{low:.1%}〜{high:.1%}]"
    ).format(**grade)
