"""The desk brings in a table as municipalities have them: CP932, title rows, 和暦; shown first, mended, then whole."""

from datetime import date

import pytest
from playwright.sync_api import expect

from musubi.challenges.models import Challenge
from tests.factories.people import make_department, make_municipality, make_staff
from tests.imports.tables import csv_of

HEADER = ["№", "件　名", "いまの状況など", "所管課", "募集期限", "目指す姿"]
BAGS = [
    "１",
    "海岸清掃のごみ袋",
    "年に約40回の清掃で\n3万枚を購入",
    "環境課",
    "令和９年３月３１日",
    "企業と費用を分け合う",
]
SHOPS = ["２", "商店街の空き店舗", "空き店舗が12店ある", "産業振興課", "R9.2.28", "半分が埋まる"]
WRONG = ["３", "避難所の備え", "毛布が足りない", "防災課", "令和9年13月45日", "千枚がそろう"]
MENDED = [*WRONG[:4], "令和９年１月３１日", WRONG[5]]
TITLE_ROWS = [["凪浜市　地域課題一覧（令和８年度）"], ["", "", "", "", "企画課まとめ"]]


def table(*rows) -> dict:
    content = csv_of(*TITLE_ROWS, HEADER, *rows, encoding="cp932")
    return {"name": "課題一覧.csv", "mimeType": "text/csv", "buffer": content}


@pytest.fixture
def city():
    city = make_municipality("nagihama", name="凪浜市")
    for name in ("環境課", "産業振興課", "防災課"):
        make_department(city, name)
    return city


def upload(walk, file):
    walk.page.get_by_label("課題", exact=True).check()
    walk.page.get_by_label("表のファイル").set_input_files(file)
    return walk.press("読み取って確かめる")


def test_import_shows_the_cells_to_mend_then_brings_every_row_in(walker, city):
    walk = walker(make_staff(city, "desk")).go("/nagihama/staff/import/")
    upload(walk, table(BAGS, SHOPS, WRONG))
    # What is wrong is told with its cell, and nothing comes in.
    walk.sees("取り込む前の確認", "エラーが", "まだ取り込めません", "E6", "令和9年13月45日", "表の行 3")
    expect(walk.page.get_by_role("button", name="行を取り込む")).to_have_count(0)
    assert Challenge.objects.count() == 0
    walk.press("取り込みをやめる").sees("取り込みをやめました")

    # The mended file; a column nobody could guess is said to be what it is.
    upload(walk, table(BAGS, SHOPS, MENDED)).sees("3行を取り込めます", "表の行 3 = 取り込み 3 + 報告 0")
    column = walk.page.get_by_label("C列 いまの状況など の項目")
    column.select_option(label="いま困っていること")
    walk.pick("公開中 — すぐに公開する").press("この読み取り方で確かめ直す").sees(
        "選び直した内容で確かめ直しました。"
    )
    expect(column.locator("option:checked")).to_have_text("いま困っていること")
    walk.press_on(walk.button("3行を取り込む").first).sees("3行を取り込みました", "取り込みの結果")

    rows = Challenge.objects.order_by("id")
    assert [(row.title, row.department.name, row.deadline) for row in rows] == [
        ("海岸清掃のごみ袋", "環境課", date(2027, 3, 31)),
        ("商店街の空き店舗", "産業振興課", date(2027, 2, 28)),
        ("避難所の備え", "防災課", date(2027, 1, 31)),
    ]
    assert rows[0].problem == "年に約40回の清掃で\n3万枚を購入"
    walk.follow("課題の一覧へ").sees("3件", "海岸清掃のごみ袋", "商店街の空き店舗", "避難所の備え")
    walker().go("/nagihama/challenges/").sees("3件", "避難所の備え")


def test_import_of_the_same_table_again_reports_every_row_as_known(walker, city):
    walk = walker(make_staff(city, "desk")).go("/nagihama/staff/import/")
    upload(walk, table(BAGS, SHOPS))
    walk.press_on(walk.button("2行を取り込む").first).sees("2行を取り込みました")
    walk.go("/nagihama/staff/import/")
    upload(walk, table(BAGS, SHOPS)).sees(
        "新しく取り込む行はありません", "表の行 2 = 取り込み 0 + 報告 2", "登録済み"
    )
    assert Challenge.objects.count() == 2


def test_import_of_something_else_is_told_in_words(walker, city):
    walk = walker(make_staff(city, "desk")).go("/nagihama/staff/import/")
    walk.page.get_by_label("課題", exact=True).check()
    walk.page.get_by_label("表のファイル").set_input_files(
        {"name": "写真.csv", "mimeType": "text/csv", "buffer": b"\x89PNG\r\n\x1a\n\x00\x00"}
    )
    walk.press("読み取って確かめる", status=422).sees("1か所を直してください")
