"""`script/musubi found CODE SLUG NAME PREFECTURE [--administrator EMAIL]`: the first municipality of an installation."""

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from musubi.lib.errors import Refused
from musubi.people import actions
from musubi.people.models import User


class Command(BaseCommand):
    help = "自治体を作り、公民連携デスクを置き、管理者を任命します。"

    def add_arguments(self, parser):
        parser.add_argument("code", help="全国地方公共団体コード(6桁)")
        parser.add_argument("slug", help="アドレスに使う名前。例: shiokaze")
        parser.add_argument("name", help="名称。例: 汐風区")
        parser.add_argument("prefecture", help="都道府県。例: 東京都")
        parser.add_argument(
            "--administrator", help="管理者にする人のメールアドレス(省くと、ただ一人の運営者)"
        )

    def handle(self, *args, code, slug, name, prefecture, administrator, **options):
        person = self._person(administrator)
        try:
            with transaction.atomic():
                city = actions.found_municipality(
                    code=code, slug=slug, name=name, prefecture=prefecture, by=None
                )
                actions.appoint(person, city, "administrator", by=None)
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{city}を作りました。{person}さんが管理者です。設定: /{city.slug}/staff/settings/")

    def _person(self, email: str | None) -> User:
        people = User.objects.filter(email=email.lower()) if email else User.objects.filter(is_operator=True)
        if len(people) != 1:
            raise CommandError(
                "管理者にする人が決まりません。先に createsuperuser で利用者を作り、--administrator でメールアドレスを指定してください。"
            )
        return people[0]
