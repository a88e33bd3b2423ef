"""Who may apply: the programme's conditions that can be read from the records, and those a person has to check."""

from dataclasses import dataclass
from datetime import date

from musubi.fund.models import Call, Edition
from musubi.people.models import Organisation


@dataclass(frozen=True)
class Check:
    """One condition: `holds` is None where only a person can tell."""

    words: str
    holds: bool | None
    how: str = ""


def checks(edition: Edition, organisation: Organisation, *, on: date) -> list[Check]:
    """The conditions of an edition for an organisation on a day, those that fail first."""
    kinds = [Organisation.Kind(kind).label for kind in edition.kinds]
    found = [
        Check(
            f"団体の種別が対象({'、'.join(map(str, kinds))})",
            organisation.kind in edition.kinds,
            f"登録されている種別は「{organisation.get_kind_display()}」です。違うときは、団体の情報を直してください。",
        )
    ]
    if edition.startup_years is not None:
        found.append(_startup(edition.startup_years, organisation, on))
    if edition.excludes_controlled and organisation.kind == Organisation.Kind.COMPANY:
        found.append(Check("大企業が支配する会社ではない", None, "株主構成の分かる書類で確かめます。"))
    if edition.accounts_years:
        found.append(
            Check(
                f"直近{edition.accounts_years}年分の決算書がある(設立が浅いときは、あるだけ)",
                None,
                "申請に添付した決算書で確かめます。",
            )
        )
    for line in filter(None, (line.strip() for line in edition.exclusions.splitlines())):
        found.append(Check(f"次に当たらない: {line}", None, "申請のときに誓約していただきます。"))
    return sorted(found, key=lambda check: (check.holds is not False, check.holds is None))


def _startup(years: int, organisation: Organisation, on: date) -> Check:
    words = f"創業から{years}年以内"
    founded = organisation.founded_on
    if founded is None:
        return Check(words, None, "団体の情報に設立日を入れると、自動で確かめられます。")
    last = _years_later(founded, years)
    return Check(words, on <= last, f"設立日は{founded:%Y年%-m月%-d日}です。")


def _years_later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, month=3, day=1)


def may_apply(call: Call, organisation: Organisation, *, on: date) -> bool:
    """Whether no condition that the records tell stands against it."""
    return all(check.holds is not False for check in checks(call.edition, organisation, on=on))
