"""Who may apply: the programme's conditions that can be read from the records, and those a person has to check."""

from dataclasses import dataclass
from datetime import date, timedelta

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
    found = [_kind(edition, organisation, on)]
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


def _kind(edition: Edition, organisation: Organisation, on: date) -> Check:
    """One of the kinds; where the programme also supports those founded lately, any other kind within these years."""
    kinds = "、".join(str(Organisation.Kind(kind).label) for kind in edition.kinds)
    words = f"団体の種別が対象({kinds})"
    how = f"登録されている種別は「{organisation.get_kind_display()}」です。違うときは、団体の情報を直してください。"
    is_supported = organisation.kind in edition.kinds
    if edition.startup_years is None:
        return Check(words, is_supported, how)
    words += f"、または創業から{edition.startup_years}年以内"
    founded = organisation.founded_on
    if is_supported:
        return Check(words, True, how)
    if founded is None:
        return Check(words, None, f"{how}設立日を入れると、創業からの年数を自動で確かめられます。")
    how += f"設立日は{founded:%Y年%-m月%-d日}です。"
    return Check(words, on <= last_day_within(founded, edition.startup_years), how)


def last_day_within(founded: date, years: int) -> date:
    """The last day of a period of years as the Civil Code counts it: the first day itself does not count, and where the
    last month has no such day, it ends with the month."""
    begins = founded + timedelta(days=1)
    try:
        return begins.replace(year=begins.year + years) - timedelta(days=1)
    except ValueError:  # 29 February
        return date(begins.year + years, 2, 28)


def may_apply(call: Call, organisation: Organisation, *, on: date) -> bool:
    """Whether no condition that the records tell stands against it."""
    return all(check.holds is not False for check in checks(call.edition, organisation, on=on))
