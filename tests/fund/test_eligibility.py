"""Who may apply: what the records tell is checked, what they do not tell is left to a person."""

from datetime import date

import pytest

from musubi.fund.eligibility import checks, last_day_within, may_apply
from musubi.lib import clock
from tests.factories.fund import make_call, make_edition, make_fund
from tests.factories.people import make_municipality, make_organisation

DAY = date(2025, 6, 12)


def told(edition, organisation, *, on=DAY) -> list[tuple[str, bool | None]]:
    return [(check.words, check.holds) for check in checks(edition, organisation, on=on)]


def edition_with(**rules):
    plain = {"excludes_controlled": False, "accounts_years": 0}
    return make_edition(make_municipality(), **{**plain, **rules})


@pytest.mark.django_db
def test_the_kind_is_read_from_the_records():
    edition = edition_with(kinds=["npo", "university"])
    words = "団体の種別が対象(NPO・公益団体、大学・学校)"
    assert told(edition, make_organisation(kind="npo")) == [(words, True)]
    assert told(edition, make_organisation(kind="company")) == [(words, False)]
    how = checks(edition, make_organisation(kind="company"), on=DAY)[0].how
    assert how == "登録されている種別は「企業」です。違うときは、団体の情報を直してください。"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "founded", "holds"),
    [
        ("npo", date(1980, 1, 1), True),
        ("npo", None, True),
        ("company", date(2020, 6, 12), True),
        ("company", date(2020, 6, 11), False),
        ("company", None, None),
    ],
)
def test_founded_lately_or_of_a_supported_kind(kind, founded, holds):
    """「創業間もない団体も対象」: one of the two is enough."""
    edition = edition_with(kinds=["npo"], startup_years=5)
    organisation = make_organisation(kind=kind, founded_on=founded)
    words = "団体の種別が対象(NPO・公益団体)、または創業から5年以内"
    assert told(edition, organisation) == [(words, holds)]


@pytest.mark.django_db
def test_what_only_a_person_can_tell_is_left_to_one():
    edition = edition_with(
        kinds=["company", "npo"],
        excludes_controlled=True,
        accounts_years=3,
        exclusions="市税を滞納している団体\n\n  暴力団関係者  \n",
    )
    rest = [
        ("直近3年分の決算書がある(設立が浅いときは、あるだけ)", None),
        ("次に当たらない: 市税を滞納している団体", None),
        ("次に当たらない: 暴力団関係者", None),
    ]
    kind = ("団体の種別が対象(企業、NPO・公益団体)", True)
    small = ("大企業ではない(中小企業の範囲にある)", None)
    controlled = ("大企業が支配する会社ではない", None)
    assert told(edition, make_organisation(kind="company")) == [kind, small, controlled, *rest]
    # Only a company is large, or controlled by another.
    assert told(edition, make_organisation(kind="npo")) == [kind, *rest]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("size", "holds", "how"),
    [
        ("micro", True, "登録されている規模は「5人以下」です。どの業種でも、中小企業の人数です。"),
        ("small", True, "どの業種でも、中小企業の人数です。"),
        # A shop with 51 people is none by its number, a factory with 300 is.
        ("medium", None, "業種により"),
        # By its number it is none; with little capital it is one all the same.
        ("large", None, "人数では大企業に当たります。資本金が"),
        ("", None, "団体の規模が登録されていません。"),
    ],
)
def test_the_size_of_a_company_decides_where_it_can(size, holds, how):
    edition = edition_with(kinds=["company"], excludes_controlled=True)
    company = make_organisation(kind="company", size=size)
    found = {check.words: check for check in checks(edition, company, on=DAY)}
    check = found["大企業ではない(中小企業の範囲にある)"]
    assert check.holds is holds
    assert how in check.how
    # Who holds its shares is told by no record.
    assert found["大企業が支配する会社ではない"].holds is None
    plain = edition_with(kinds=["company"])
    assert [found.words for found in checks(plain, company, on=DAY)] == ["団体の種別が対象(企業)"]


@pytest.mark.django_db
def test_what_fails_comes_first():
    edition = edition_with(kinds=["npo"], accounts_years=3, exclusions="滞納")
    assert [holds for _words, holds in told(edition, make_organisation())] == [False, None, None]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "founded", "may"),
    [
        ("npo", None, True),
        ("company", None, True),
        ("company", date(2020, 6, 12), True),
        ("company", date(2020, 6, 11), False),
    ],
)
def test_nobody_is_shut_out_by_what_is_not_known(kind, founded, may):
    with clock.standing_at(DAY):
        edition = edition_with(kinds=["npo"], startup_years=5, accounts_years=3)
        call = make_call(make_fund(edition.programme.municipality), edition=edition)
    assert may_apply(call, make_organisation(kind=kind, founded_on=founded), on=DAY) is may


@pytest.mark.parametrize(
    ("founded", "years", "last"),
    [
        (date(2020, 6, 12), 5, date(2025, 6, 12)),
        (date(2020, 12, 31), 1, date(2021, 12, 31)),
        # 29 February: five years are over with the last of February.
        (date(2020, 2, 29), 5, date(2025, 2, 28)),
        (date(2020, 2, 29), 4, date(2024, 2, 29)),
        # Counted from the day after, 29 February, which 2025 does not have.
        (date(2020, 2, 28), 5, date(2025, 2, 28)),
        (date(2021, 2, 28), 3, date(2024, 2, 29)),
    ],
)
def test_years_are_counted_as_the_civil_code_does(founded, years, last):
    assert last_day_within(founded, years) == last
