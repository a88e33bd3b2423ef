import csv
from importlib import resources

import pytest
from django.core.management import call_command
from django.utils import translation

from musubi.plan.loading import load
from musubi.plan.models import Field, Goal, Target
from musubi.plan.queries import fields, goals, targets_of

pytestmark = pytest.mark.django_db


def test_goals_are_seventeen_in_both_languages():
    assert [goal.number for goal in goals()] == list(range(1, 18))
    goal = Goal.objects.get(number=14)
    assert (goal.short, goal.short_en, goal.colour) == ("海の豊かさを守ろう", "Life Below Water", "#0A97D9")
    with translation.override("en"):
        assert goal.display_name == "Life Below Water"


def test_every_goal_has_its_own_colour():
    assert len(set(Goal.objects.values_list("colour", flat=True))) == 17


def test_targets_are_all_there_in_official_order():
    assert Target.objects.count() == 169
    assert [target.code for target in targets_of(1)] == ["1.1", "1.2", "1.3", "1.4", "1.5", "1.a", "1.b"]
    assert [target.code for target in targets_of(17)] == [f"17.{n}" for n in range(1, 20)]
    assert all(target.text and target.text_en for target in Target.objects.all())


def test_fields_keep_the_order_of_the_file():
    rows = list(csv.DictReader((resources.files("musubi.plan") / "data/fields.csv").open(encoding="utf-8")))
    assert [(field.code, field.name, field.name_en) for field in fields()] == [
        tuple(row.values()) for row in rows
    ]


def test_load_again_changes_nothing_and_mends_what_was_changed():
    Goal.objects.filter(number=1).update(short="ちがう名前")
    Field.objects.filter(code="safety").delete()
    load()
    load()
    assert Goal.objects.get(number=1).short == "貧困をなくそう"
    assert (Goal.objects.count(), Target.objects.count(), Field.objects.count()) == (17, 169, 14)


def test_load_keeps_a_field_of_the_municipalitys_own():
    Field.objects.create(code="port", name="港", name_en="Port", position=99)
    load()
    assert Field.objects.filter(code="port").exists()


@pytest.mark.django_db(transaction=True)
def test_emptying_the_database_leaves_the_definitions():
    call_command("flush", interactive=False, verbosity=0)
    assert (Goal.objects.count(), Target.objects.count(), Field.objects.count()) == (17, 169, 14)
