"""What happens to an organisation: registered, changed, and who acts for it."""

from datetime import date

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from musubi.journal import actions as journal
from musubi.lib import clock, fulltext
from musubi.lib.errors import NotAllowed, Refused
from musubi.lib.lifecycle import update
from musubi.lib.text import organisation_key
from musubi.people import rules
from musubi.people.actions.steps import change, hold, insert, require_keeper
from musubi.people.models import (
    Organisation,
    Representative,
    User,
)
from musubi.people.permissions import Can, forget_authority, require


@transaction.atomic
def register_organisation(
    *,
    name: str,
    kind: str,
    by: User | None,
    corporate_number: str = "",
    name_kana: str = "",
    name_en: str = "",
    size: str = "",
    prefecture: str = "",
    address: str = "",
    url: str = "",
    description: str = "",
    founded_on: date | None = None,
    represent: bool = True,
) -> Organisation:
    """A person registers the organisation they act for and becomes its owner.

    With `represent=False` a desk registers it on its behalf (a paper application, an import); nobody acts for it
    until the desk invites its first owner. By None (the product itself) it never has a representative.
    Raises Refused on field `corporate_number` where the number is damaged, or belongs to an organisation already
    here. Near-same names are allowed: show `rules.similar_organisations` before.
    """
    if by is not None and not (by.is_active if represent else rules.is_desk_somewhere(by)):
        raise NotAllowed
    row = Organisation(
        name=name.strip(),
        kind=kind,
        corporate_number=rules.check_corporate_number(corporate_number),
        name_kana=name_kana.strip(),
        name_en=name_en.strip(),
        size=size,
        prefecture=prefecture.strip(),
        address=address.strip(),
        url=url.strip(),
        description=description.strip(),
        founded_on=founded_on,
        created_at=clock.now(),
    )
    row.name_key = organisation_key(row.name)[:120]
    rules.check_fields(row)
    _refuse_known_number(row)
    insert(row, _number_is_known(), field="corporate_number")
    fulltext.index(row, text=row.searchable)
    if by is not None and represent:
        Representative.objects.create(user=by, organisation=row, is_owner=True)
        forget_authority(by)
    journal.write(
        "organisation.registered",
        row,
        by=by,
        kind=kind,
        represented=represent and by is not None,
    )
    return row


@transaction.atomic
def change_organisation(
    organisation: Organisation,
    *,
    by: User | None,
    name: str | None = None,
    kind: str | None = None,
    corporate_number: str | None = None,
    name_kana: str | None = None,
    name_en: str | None = None,
    size: str | None = None,
    prefecture: str | None = None,
    address: str | None = None,
    url: str | None = None,
    description: str | None = None,
    founded_on: date | None | str = "",
) -> None:
    """A representative changes the organisation's particulars; a desk does where nobody answers for it yet.

    None (for `founded_on`, "") leaves a column alone. Raises Refused as `register_organisation` does.
    """
    require_keeper(by, organisation, Can.EDIT_ORGANISATION)
    changes = {
        "name": name,
        "kind": kind,
        "name_kana": name_kana,
        "name_en": name_en,
        "size": size,
        "prefecture": prefecture,
        "address": address,
        "url": url,
        "description": description,
    }
    others = {}
    if name is not None:
        others["name_key"] = organisation_key(name)[:120]
    if corporate_number is not None:
        others["corporate_number"] = rules.check_corporate_number(corporate_number)
    if founded_on != "":
        others["founded_on"] = founded_on
    try:
        with transaction.atomic():
            changed = change(organisation, changes, **others)
    except IntegrityError as error:
        raise Refused(_number_is_known(), field="corporate_number") from error
    changed.pop("name_key", None)
    if changed:
        fulltext.index(organisation, text=organisation.searchable)
        journal.write("organisation.changed", organisation, by=by, changed=changed)


@transaction.atomic
def invite_representative(
    organisation: Organisation, user: User, *, by: User | None, is_owner: bool = False
) -> Representative:
    """An owner lets another person with an account act for the organisation.

    A desk that keeps the record of an organisation without an owner names the first one, who is then an owner.
    Raises Refused where the person is stopped or acts for it already.
    """
    require_keeper(by, organisation, Can.INVITE_REPRESENTATIVE)
    hold(organisation)
    if not user.is_active:
        raise Refused(_("この利用者は停止されているため、担当者にできません。"), field="user")
    row = Representative(
        user=user, organisation=organisation, is_owner=is_owner or not rules.has_owner(organisation)
    )
    insert(row, _("この人は、すでにこの団体の担当者です。"), field="user")
    forget_authority(user)
    journal.write(
        "representative.invited", row, by=by, organisation_id=organisation.pk, is_owner=row.is_owner
    )
    return row


@transaction.atomic
def change_ownership(representative: Representative, *, is_owner: bool, by: User | None) -> None:
    """An owner makes another representative an owner, or an ordinary one again. One owner always stays."""
    require(by, Can.INVITE_REPRESENTATIVE, representative.organisation)
    hold(representative.organisation)
    if not is_owner:
        _keep_an_owner(representative)
    update(representative, _("担当者"), guard={"ended_at": None}, is_owner=is_owner)
    forget_authority(representative.user)
    journal.write(
        "representative.changed",
        representative,
        by=by,
        organisation_id=representative.organisation_id,
        is_owner=is_owner,
    )


@transaction.atomic
def remove_representative(representative: Representative, *, by: User | None) -> None:
    """An owner ends a person's acting for the organisation, or the person gives it up.

    Raises Refused for the last owner; Conflict where it has ended already.
    """
    if by is None or by.pk != representative.user_id:
        require(by, Can.INVITE_REPRESENTATIVE, representative.organisation)
    hold(representative.organisation)
    _keep_an_owner(representative)
    update(representative, _("担当者"), guard={"ended_at": None}, ended_at=clock.now())
    forget_authority(representative.user)
    journal.write(
        "representative.removed", representative, by=by, organisation_id=representative.organisation_id
    )


def _keep_an_owner(representative: Representative) -> None:
    """Asks the database, with the organisation held: somebody may have made this person the only owner since."""
    owners = Representative.objects.filter(
        organisation=representative.organisation_id, is_owner=True, ended_at=None
    )
    if list(owners.values_list("pk", flat=True)[:2]) == [representative.pk]:
        raise Refused(_("この団体の責任者が一人もいなくなります。先に別の担当者を責任者にしてください。"))


def _number_is_known() -> str:
    return _(
        "この法人番号の団体は、すでに登録されています。その団体の責任者に、担当者として招いてもらってください。"
        "責任者が分からないときは、自治体の公民連携デスクにお問い合わせください。"
    )


def _refuse_known_number(row: Organisation) -> None:
    if row.corporate_number and Organisation.objects.filter(corporate_number=row.corporate_number).exists():
        raise Refused(_number_is_known(), field="corporate_number")
