"""A trial is read by the organisation on a phone, reported from its draft, and decided beside its thresholds."""

from datetime import date, timedelta

from musubi.cases.models import Trial
from musubi.lib import clock
from tests.factories.cases import make_case
from tests.factories.people import make_municipality, make_organisation, make_representative, make_staff
from tests.factories.trials import make_trial


def test_trial_from_its_readings_to_its_decision(walker):
    city = make_municipality("nagihama", name="凪浜市")
    officer = make_staff(city, "officer", name="青木 海")
    manager = make_staff(city, "manager", officer.staff.get().department, name="海野 長")
    company = make_organisation("みなと環境見本株式会社")
    person = make_representative(company, name="湊 はるか")
    case = make_case(city, company, officer=officer, by=person, title="ビルの省エネ")
    with clock.standing_at(date(2026, 5, 1)):
        trial = make_trial(case, by=officer, manager=manager, state="running")
    today = clock.today()
    started = clock.at(today - timedelta(days=40))
    Trial.objects.update(starts_on=started.date(), ends_on=today + timedelta(days=20), started_at=started)

    theirs = walker(person, width=360).go(f"/my/cases/nagihama/{case.ref}/").follow("小規模ビルの省エネ")
    for days, value in ((20, "6"), (10, "12.5")):
        form = theirs.part("実績値を入れる")
        theirs.fill("値", value, within=form)
        theirs.fill("測った日", (today - timedelta(days=days)).isoformat(), within=form)
        theirs.press("実績値を記録する").sees("実績値を記録しました。", f"{value}%")
    assert theirs.page.locator("svg.tall circle.p-dot").count() == 2
    theirs.fill("結果と分かったこと", "12.5%減りました。").press("案を保存して知らせる").sees(
        "報告の案を保存し"
    )

    ours = walker(officer).go(f"/nagihama/staff/cases/{case.ref}/").follow("実績値を入れる・報告する")
    ours.sees("湊 はるかさんが").press("報告にする").sees("結果を報告しました。", "12.5%減りました。")
    # Whoever reports does not decide.
    ours.sees("判定は、担当課の管理職か公民連携デスクが行います。")
    decides = walker(manager).go(f"/nagihama/staff/cases/{case.ref}/trials/{trial.pk}/")
    decides.sees("10%以上", "満たす", "実績値なし")
    decides.page.get_by_label("本格導入").check()
    decides.press("判定を伝える", status=422).sees("判定の理由")
    decides.fill("判定の理由", "しきい値を超えた。").press("判定を伝える").sees(
        "判定: 本格導入", "次の予算要求の締切は"
    )
    theirs.go(f"/my/cases/nagihama/{case.ref}/trials/{trial.pk}/").sees(
        "判定: 本格導入", "しきい値を超えた。"
    )
