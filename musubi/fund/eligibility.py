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
        found.append(_small(organisation))
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


def _small(organisation: Organisation) -> Check:
    """A company is small or medium by the number of its people or by its capital, one of the two, each by its trade
    (中小企業基本法2条). As few people as no trade calls many decide; more, or 301, decide nothing without the capital."""
    words = "大企業ではない(中小企業の範囲にある)"
    size = organisation.size
    if not size:
        how = "団体の規模が登録されていません。働いている人の数と、業種・資本金の分かる書類で確かめます。"
        return Check(words, None, how)
    how = f"登録されている規模は「{organisation.get_size_display()}」です。"
    if size in (Organisation.Size.MICRO, Organisation.Size.SMALL):
        return Check(words, True, f"{how}どの業種でも、中小企業の人数です。")
    if size == Organisation.Size.LARGE:
        how += "人数では大企業に当たります。資本金が業種の上限以下のときだけ中小企業なので、登記事項証明書で確かめます。"
        return Check(words, None, how)
    return Check(
        words,
        None,
        f"{how}業種により、50人・100人を超えると人数では中小企業にならないので、業種と資本金で確かめます。",
    )


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
