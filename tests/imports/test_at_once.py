"""Two people press 「取り込む」 at the same moment."""

from threading import Barrier, Thread

import pytest
from django.db import connection

from musubi.challenges.models import Challenge
from musubi.imports.actions import carry_out, preview
from musubi.imports.models import Run
from musubi.lib.errors import Refused
from tests.factories.people import make_municipality, make_staff
from tests.imports.tables import csv_of


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_one_imports_and_the_other_is_told():
    city = make_municipality()
    desk = make_staff(city, "desk")
    data = csv_of(["課題名", "内容"], *[[f"課題{n}", "困っている"] for n in range(30)])
    run = preview("challenges", data, "表.csv", city, by=desk)
    start, told = Barrier(2), []

    def press():
        mine = Run.objects.get(pk=run.pk)
        start.wait()
        try:
            carry_out(mine, by=desk)
            told.append("imported")
        except Refused as refusal:
            told.append(str(refusal))
        finally:
            connection.close()

    people = [Thread(target=press) for _ in range(2)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(told)[0] == "imported"
    assert "別の人が先に変更しました" in sorted(told)[1]
    assert Challenge.objects.count() == 30
