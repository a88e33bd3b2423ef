"""What keeps a person from leaving and a department from being closed: open cases, agreements in force."""

from django.db.models import Q

from musubi.cases.models import Agreement, Case
from musubi.cases.states import AGREEMENT, OPEN
from musubi.people import leaving
from musubi.people.leaving import Carried
from musubi.people.models import Department, Municipality, User
from musubi.people.permissions import Can, authority


def left_without(user: User, municipality: Municipality):
    """The open cases the person owns there and can do no work in (any more)."""
    cities, sections, _organisations = authority(user).where(Can.MOVE_CASE)
    rows = Case.objects.filter(municipality=municipality, owner=user, stage__in=OPEN)
    if municipality.pk in cities:
        return rows.none()
    taking_part = Case.departments.through.objects.filter(department__in=sections).values("case")
    return rows.exclude(pk__in=taking_part)


@leaving.person_carries
def cases_of_person(user: User, municipality: Municipality) -> Carried | None:
    if count := left_without(user, municipality).count():
        path = f"/{municipality.slug}/staff/handover/people/{user.pk}/"
        return Carried(f"担当している進行中の案件{count}件", path)
    return None


@leaving.department_carries
def cases_of_department(department: Department) -> Carried | None:
    """Cases it leads or holds the ball of. One in which it only took part can do without it."""
    held = Q(lead=department) | Q(ball_department=department) | Q(adoption_department=department)
    if count := Case.objects.filter(held, stage__in=OPEN).count():
        return Carried(f"進行中の案件{count}件", _page(department))
    return None


@leaving.department_carries
def agreements_of_department(department: Department) -> Carried | None:
    if count := Agreement.objects.filter(department=department, state__in=AGREEMENT.open).count():
        return Carried(f"所管する協定{count}件", _page(department))
    return None


def _page(department: Department) -> str:
    return f"/{department.municipality.slug}/staff/handover/departments/{department.pk}/"
