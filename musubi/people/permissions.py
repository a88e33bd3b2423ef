"""Who may do what: one enum, a short class per role, one question.

A role grants a permission at a *reach*: the whole municipality, the person's own department (and the ones
below it), or the person's own organisation. An object says where it lies through three cheap properties:
`municipality_id`, `department_ids` and `organisation_ids`. Conditions beyond that (a state, a visibility) are
small predicates in each app's `rules.py`; lists come from `visible_to(user)` in each app's `queries.py`.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property

from django.db import models
from django.utils.translation import gettext_lazy as _

from musubi.lib.errors import NotAllowed
from musubi.people.models import Department, Representative, Staff


class Can(models.TextChoices):
    """Every permission there is."""

    READ_STAFF_PAGES = "read_staff_pages", _("職員画面を見る")
    SEE_CHALLENGE = "see_challenge", _("下書きを含む課題を見る")
    WRITE_CHALLENGE = "write_challenge", _("課題を書く・直す")
    CHECK_CHALLENGE = "check_challenge", _("課題を確認し公開する・差し戻す")
    CLOSE_CHALLENGE = "close_challenge", _("課題を終了する・再公開する・公開範囲を変える")
    SEE_PROPOSAL = "see_proposal", _("提案を見る")
    WRITE_PROPOSAL = "write_proposal", _("提案を書く・出す・取り下げる")
    ROUTE_PROPOSAL = "route_proposal", _("提案を部署に照会する")
    ANSWER_ROUTING = "answer_routing", _("照会に回答する")
    DECIDE_PROPOSAL = "decide_proposal", _("提案の連携決定・見送りをする")
    RECEIVE_PROPOSAL = "receive_proposal", _("持ち込まれた提案を代わりに登録する")
    SEE_CASE = "see_case", _("連携案件を見る")
    OPEN_CASE = "open_case", _("連携案件を開く")
    SPEAK_IN_CASE = "speak_in_case", _("連携案件で発言する・資料を載せる")
    NOTE_IN_CASE = "note_in_case", _("内部メモを読む・書く")
    MOVE_CASE = "move_case", _("段階を進める・ボールを渡す・見送る")
    MANAGE_CASE = "manage_case", _("連携案件の担当と参加者を変える")
    MANAGE_AGREEMENT = "manage_agreement", _("協定を登録する")
    RECORD_OUTCOME = "record_outcome", _("成果を記録する")
    PUBLISH_STORY = "publish_story", _("連携事例を公開する")
    MANAGE_MEMBERS = "manage_members", _("会員の申込みを確認する")
    MANAGE_GATHERINGS = "manage_gatherings", _("イベントを登録する")
    MANAGE_PLAN = "manage_plan", _("SDGs計画を編集する")
    DECIDE_SUGGESTION = "decide_suggestion", _("マッチング候補を判断する・紹介する")
    ADOPT_RANKING = "adopt_ranking", _("候補の順位づけを採用する")
    ANSWER_SUGGESTION = "answer_suggestion", _("自団体への候補に答える・検索を保存する")
    SEE_FUND = "see_fund", _("ファンドの内部の記録を見る")
    MANAGE_FUND = "manage_fund", _("ファンドを運営する(事務局)")
    APPLY_TO_FUND = "apply_to_fund", _("助成を申請する・報告する")
    IMPORT = "import", _("表から取り込む")
    SEE_INTERNAL_FIGURES = "see_internal_figures", _("内部の数字を見る")
    SEE_JOURNAL = "see_journal", _("記録(監査証跡)を見る")
    WRITE_WORDINGS = "write_wordings", _("定型文を変える")
    MANAGE_MUNICIPALITY = "manage_municipality", _("部署・職員・設定を変える")
    EDIT_ORGANISATION = "edit_organisation", _("団体の情報を直す")
    JOIN_MUNICIPALITY = "join_municipality", _("会員に申し込む・退会する")
    WRITE_SOLUTION = "write_solution", _("ソリューションを書く・公開する")
    INVITE_REPRESENTATIVE = "invite_representative", _("団体の担当者を招く・外す")


class Reach(IntEnum):
    """How far a permission reaches."""

    ORGANISATION = 1
    DEPARTMENT = 2
    MUNICIPALITY = 3

    @property
    def label(self) -> str:
        return {1: _("自団体"), 2: _("自分の部署"), 3: _("自治体全体")}[self.value]


class Role:
    """A role: its Japanese name, and each permission with its reach."""

    code: str
    name: str
    grants: dict[Can, Reach] = {}


def _all(reach: Reach, *permissions: Can) -> dict[Can, Reach]:
    return dict.fromkeys(permissions, reach)


class Officer(Role):
    """部署の職員: writes challenges, answers what is routed to the department, works in its cases."""

    code, name = Staff.Role.OFFICER, Staff.Role.OFFICER.label
    grants = _all(Reach.MUNICIPALITY, Can.READ_STAFF_PAGES, Can.SEE_INTERNAL_FIGURES) | _all(
        Reach.DEPARTMENT,
        Can.SEE_CHALLENGE,
        Can.WRITE_CHALLENGE,
        Can.SEE_PROPOSAL,
        Can.ANSWER_ROUTING,
        Can.SEE_CASE,
        Can.OPEN_CASE,
        Can.SPEAK_IN_CASE,
        Can.NOTE_IN_CASE,
        Can.MOVE_CASE,
        Can.RECORD_OUTCOME,
        Can.DECIDE_SUGGESTION,
    )


class Manager(Officer):
    """部署の管理職: an officer who also closes challenges and decides for the department."""

    code, name = Staff.Role.MANAGER, Staff.Role.MANAGER.label
    grants = Officer.grants | _all(
        Reach.DEPARTMENT,
        Can.CLOSE_CHALLENGE,
        Can.DECIDE_PROPOSAL,
        Can.MANAGE_CASE,
    )


class Desk(Role):
    """デスク職員: receives, routes and follows everything in the municipality."""

    code, name = Staff.Role.DESK, Staff.Role.DESK.label
    grants = _all(
        Reach.MUNICIPALITY,
        *(
            set(Can)
            - {
                Can.MANAGE_MUNICIPALITY,
                Can.WRITE_PROPOSAL,
                Can.EDIT_ORGANISATION,
                Can.JOIN_MUNICIPALITY,
                Can.WRITE_SOLUTION,
                Can.ANSWER_SUGGESTION,
                Can.APPLY_TO_FUND,
                Can.INVITE_REPRESENTATIVE,
            }
        ),
    )


class Administrator(Role):
    """自治体管理者: departments, people, settings; not the content of cases."""

    code, name = Staff.Role.ADMINISTRATOR, Staff.Role.ADMINISTRATOR.label
    grants = _all(
        Reach.MUNICIPALITY,
        Can.READ_STAFF_PAGES,
        Can.SEE_INTERNAL_FIGURES,
        Can.SEE_JOURNAL,
        Can.WRITE_WORDINGS,
        Can.MANAGE_MUNICIPALITY,
    )


class Auditor(Role):
    """監査担当: reads everything, changes nothing."""

    code, name = Staff.Role.AUDITOR, Staff.Role.AUDITOR.label
    grants = _all(
        Reach.MUNICIPALITY,
        Can.READ_STAFF_PAGES,
        Can.SEE_CHALLENGE,
        Can.SEE_PROPOSAL,
        Can.SEE_CASE,
        Can.SEE_INTERNAL_FIGURES,
        Can.SEE_JOURNAL,
        Can.SEE_FUND,
    )


class Partner(Role):
    """団体の担当者: acts for the own organisation, in every municipality."""

    code, name = "representative", _("団体の担当者")
    grants = _all(
        Reach.ORGANISATION,
        Can.SEE_PROPOSAL,
        Can.WRITE_PROPOSAL,
        Can.SEE_CASE,
        Can.SPEAK_IN_CASE,
        Can.EDIT_ORGANISATION,
        Can.JOIN_MUNICIPALITY,
        Can.WRITE_SOLUTION,
        Can.ANSWER_SUGGESTION,
        Can.APPLY_TO_FUND,
    )


class PartnerOwner(Partner):
    """団体の責任者: a representative who also invites and removes the others."""

    code, name = "owner", _("団体の責任者")
    grants = Partner.grants | _all(Reach.ORGANISATION, Can.INVITE_REPRESENTATIVE)


STAFF_ROLES: dict[str, type[Role]] = {
    role.code: role for role in (Desk, Manager, Officer, Administrator, Auditor)
}
ROLES = [Desk, Manager, Officer, Administrator, Auditor, PartnerOwner, Partner]


@dataclass
class Seat:
    """One role held somewhere: in a municipality (with the departments it covers) or in an organisation."""

    role: type[Role]
    municipality_id: int | None = None
    department_id: int | None = None
    covers: frozenset[int] = frozenset()
    organisation_id: int | None = None


@dataclass
class Authority:
    """All seats of one person, read once per request."""

    user_id: int | None
    seats: list[Seat] = field(default_factory=list)

    @cached_property
    def organisation_ids(self) -> frozenset[int]:
        return frozenset(seat.organisation_id for seat in self.seats if seat.organisation_id)

    @cached_property
    def municipality_ids(self) -> frozenset[int]:
        return frozenset(seat.municipality_id for seat in self.seats if seat.municipality_id)

    def in_municipality(self, municipality_id: int) -> list[Seat]:
        return [seat for seat in self.seats if seat.municipality_id == municipality_id]

    def department_ids(self, municipality_id: int | None = None) -> frozenset[int]:
        """The departments the person's seats cover (own and below)."""
        seats = self.seats if municipality_id is None else self.in_municipality(municipality_id)
        return frozenset().union(*(seat.covers for seat in seats))

    def may(self, can: Can, thing) -> bool:
        """Whether any seat grants `can` on `thing` (see the module's docstring for what a thing tells)."""
        for seat in self.seats:
            reach = seat.role.grants.get(can)
            if reach is None:
                continue
            if reach is Reach.ORGANISATION:
                if seat.organisation_id in getattr(thing, "organisation_ids", ()):
                    return True
            elif seat.municipality_id == thing.municipality_id and (
                reach is Reach.MUNICIPALITY
                or not seat.covers.isdisjoint(getattr(thing, "department_ids", ()))
            ):
                return True
        return False

    def may_in(self, can: Can, municipality_id: int, reach: Reach = Reach.DEPARTMENT) -> bool:
        """Whether the person may `can` anywhere in the municipality, at least at `reach`."""
        return any(seat.role.grants.get(can, 0) >= reach for seat in self.in_municipality(municipality_id))

    def where(self, can: Can) -> tuple[frozenset[int], frozenset[int], frozenset[int]]:
        """(municipality ids, department ids, organisation ids) in which `can` is granted: for lists."""
        cities, sections, organisations = set(), set(), set()
        for seat in self.seats:
            reach = seat.role.grants.get(can)
            if reach is Reach.MUNICIPALITY:
                cities.add(seat.municipality_id)
            elif reach is Reach.DEPARTMENT:
                sections |= seat.covers
            elif reach is Reach.ORGANISATION:
                organisations.add(seat.organisation_id)
        return frozenset(cities), frozenset(sections), frozenset(organisations)


NOBODY = Authority(user_id=None)


def authority(user) -> Authority:
    """The person's authority: at most three statements, kept on the user object for the request."""
    if user is None or not user.is_authenticated or not user.is_active:
        return NOBODY
    if not hasattr(user, "_authority"):
        user._authority = Authority(user.pk, [*_staff_seats(user), *_partner_seats(user)])
    return user._authority


def forget_authority(user) -> None:
    """Have the person's authority read again: an action that gives or ends a seat calls this, so that the same
    person object can go on at once."""
    user.__dict__.pop("_authority", None)


def _staff_seats(user) -> list[Seat]:
    rows = list(Staff.objects.filter(user=user, ended_at=None))
    cities = {row.municipality_id for row in rows if row.department_id}
    below: dict[int, list[int]] = {}
    if cities:
        for pk, parent in Department.objects.filter(municipality__in=cities).values_list("pk", "parent_id"):
            below.setdefault(parent, []).append(pk)

    def covered(department_id: int) -> set[int]:
        found, queue = set(), [department_id]
        while queue:
            here = queue.pop()
            if here not in found:
                found.add(here)
                queue += below.get(here, [])
        return found

    return [
        Seat(
            STAFF_ROLES[row.role],
            row.municipality_id,
            row.department_id,
            frozenset(covered(row.department_id)) if row.department_id else frozenset(),
        )
        for row in rows
    ]


def _partner_seats(user) -> list[Seat]:
    rows = Representative.objects.filter(user=user, ended_at=None).values_list("organisation_id", "is_owner")
    return [Seat(PartnerOwner if is_owner else Partner, organisation_id=pk) for pk, is_owner in rows]


def may(user, can: Can, thing) -> bool:
    """Whether `user` may `can` on `thing`."""
    return authority(user).may(can, thing)


def require(user, can: Can, thing) -> None:
    """Raise `NotAllowed` unless `user` may `can` on `thing`. `None` is the product itself and may everything."""
    if user is not None and not may(user, can, thing):
        raise NotAllowed
