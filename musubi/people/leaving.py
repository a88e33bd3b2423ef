"""Nobody leaves with work in their hands: what must be handed over before a role ends, an account is stopped or a
department is closed.

`people` knows nothing of cases, so an app above says here what a person or a department still carries. It registers a
function in a module that its `AppConfig.ready()` imports:

    @leaving.person_carries
    def cases_of(user, municipality) -> Carried | None: ...

    @leaving.department_carries
    def questions_of(department) -> Carried | None: ...

The function is asked inside the action's transaction, *after* the role was ended there, so it only has to look at who
may still do the work now (`permissions.authority`). An app that gives work to a person calls `hold_person` first, in
its own transaction: of two people, one who ends the role and one who gives the work, the second sees what the first did.
"""

from collections.abc import Callable
from dataclasses import dataclass

from musubi.lib.errors import Refused
from musubi.people.models import Department, Municipality, Staff, User
from musubi.people.permissions import forget_authority


@dataclass(frozen=True)
class Carried:
    """What is still carried: in words that go before 「があります」 (e.g. 担当している案件3件), and where to hand it over."""

    words: str
    path: str


class StillCarried(Refused):
    """Refused because work would be left without anybody; `path` is the page on which it is handed over."""

    def __init__(self, message: str, path: str):
        super().__init__(message)
        self.path = path


PersonCarries = Callable[[User, Municipality], Carried | None]
DepartmentCarries = Callable[[Department], Carried | None]
_OF_PEOPLE: list[PersonCarries] = []
_OF_DEPARTMENTS: list[DepartmentCarries] = []


def person_carries(ask: PersonCarries) -> PersonCarries:
    """Register what a person may carry in a municipality."""
    _OF_PEOPLE.append(ask)
    return ask


def department_carries(ask: DepartmentCarries) -> DepartmentCarries:
    """Register what a department may carry."""
    _OF_DEPARTMENTS.append(ask)
    return ask


def hold_person(user: User) -> None:
    """Let whoever ends this person's roles, or gives them work, wait until this transaction is committed; and read
    anew what the person may do."""
    list(User.objects.select_for_update(no_key=True).filter(pk=user.pk).values_list("pk"))
    forget_authority(user)


def works_here(user: User, municipality_id: int) -> bool:
    """Whether the person has a role now in which work can be given to them."""
    roles = [Staff.Role.DESK, Staff.Role.OFFICER, Staff.Role.MANAGER]
    return Staff.objects.filter(
        user=user, municipality=municipality_id, ended_at=None, role__in=roles, user__is_active=True
    ).exists()


def require_empty_hands(user: User, municipality: Municipality) -> None:
    """Raise StillCarried while the person carries something there that they could do no more."""
    carried = [found for ask in _OF_PEOPLE if (found := ask(user, municipality))]
    if carried:
        words = "、".join(found.words for found in carried)
        raise StillCarried(
            f"{user}さんには、{words}があります。先に引継ぎの画面で、後任の人に引き継いでください。",
            carried[0].path,
        )


def require_empty_desk(department: Department) -> None:
    """Raise StillCarried while the department carries something."""
    carried = [found for ask in _OF_DEPARTMENTS if (found := ask(department))]
    if carried:
        words = "、".join(found.words for found in carried)
        raise StillCarried(
            f"{department}には、{words}があります。先に引継ぎの画面で、ほかの部署に引き継いでください。",
            carried[0].path,
        )
