"""Coming in and going out: password, a wrong one, the second factor's page, the demo's one click."""

import pytest
from playwright.sync_api import expect

from tests.factories.people import make_municipality, make_representative, make_staff, make_user

PASSWORD = "umi-no-midori-38"


@pytest.fixture
def city():
    return make_municipality("nagihama", name="凪浜市")


def with_password(user):
    """As if the person had set a password and answered the mail to the address."""
    user.set_password(PASSWORD)
    user.save()
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)
    return user


def test_sign_in_with_a_wrong_password_then_the_right_one_and_out_again(walker, city):
    officer = with_password(make_staff(city, "desk", name="結城 縁", email="en@example.jp"))
    walk = walker().go("/nagihama/staff/")
    assert walk.page.url.endswith("/accounts/login/?next=/nagihama/staff/")
    walk.fill("メールアドレス", officer.email).fill("パスワード", "machigai").press("ログイン")
    walk.sees("正しくありません")
    expect(walk.field("メールアドレス")).to_have_value(officer.email)
    walk.fill("パスワード", PASSWORD).press("ログイン")
    assert walk.page.url.endswith("/nagihama/staff/")
    walk.sees("結城 縁", "今日すること")

    walk.page.get_by_text("結城 縁").first.click()
    walk.press("ログアウト")
    walk.go("/nagihama/staff/")
    assert "/accounts/login/" in walk.page.url


def test_own_pages_are_all_reachable_from_one_another(walker, city):
    walk = walker(with_password(make_user("湊 はるか"))).go("/accounts/home/")
    walk.go("/accounts/notices/")
    tabs = walk.page.get_by_role("navigation", name="アカウント")
    for name in ["通知と言語", "氏名", "メールアドレス", "パスワード", "二段階認証・パスキー", "お知らせ"]:
        walk.follow(name, within=tabs)
        expect(tabs.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")


def test_second_factor_page_leads_to_adding_an_authenticator(walker, city):
    walk = walker().go("/accounts/login/")
    person = with_password(make_user("湊 はるか"))
    walk.fill("メールアドレス", person.email).fill("パスワード", PASSWORD).press("ログイン")
    walk.go("/accounts/2fa/").follow("有効化する")
    # Whoever finds an open browser cannot add a factor of their own.
    walk.fill("パスワード", PASSWORD).press("確認する").sees("確認コード")
    walk.fill("認証アプリコード", "000000").press("有効化する").sees("コード")


def test_demo_signs_in_by_one_click_and_says_that_it_is_a_demo(walker, settings, city):
    settings.DEMO = True
    make_staff(city, "desk", name="結城 縁", email="en@demo.example")
    make_representative(name="湊 はるか", email="minato@demo.example")
    make_staff(city, "officer", name="外の 人")
    walk = walker().go("/")
    notice = walk.page.get_by_role("complementary", name="デモのお知らせ")
    walk.sees("これはデモです", "すべて架空です", within=notice)
    walk.follow("役割を選んで試す", within=notice).sees("結城 縁", "湊 はるか").misses("外の 人")
    walk.press_on(walk.page.get_by_role("main").get_by_role("button").filter(has_text="結城 縁"))
    walk.sees("今日すること", "結城 縁")
