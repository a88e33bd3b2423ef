from datetime import date

import pytest

from musubi.imports import cells


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("9", [9]),
        (9, [9]),
        ("3,11", [3, 11]),
        ("３、１１", [3, 11]),
        ("11 住み続けられるまちづくりを", [11]),
        ("11.住み続けられるまちづくりを、13.気候変動に具体的な対策を", [11, 13]),
        ("目標14・12", [14, 12]),
        ("ゴール3\nゴール4", [3, 4]),
        ("SDGs 17", [17]),
        ("⑪", [11]),
        ("11.5", [11]),
        ("14.a", [14]),
        ("12 つくる責任、つかう責任", [12]),
        ("3 11 3", [3, 11]),
        ("", []),
        ("－", []),
        ("なし", []),
        (None, []),
    ],
)
def test_goals_are_read_as_people_write_them(written, read):
    assert cells.goals(written) == (read, [])


@pytest.mark.parametrize("written", ["18", "0", "まちづくり", "2024", date(2026, 3, 11)])
def test_goals_that_cannot_be_read_are_told(written):
    found, strange = cells.goals(written)
    assert found == []
    assert len(strange) == 1


def test_text_keeps_lines_and_loses_what_no_database_takes():
    assert cells.text("一行目\r\n二行目\x00 ") == "一行目\n二行目"
    assert cells.line("みなと\n株式会社") == "みなと 株式会社"
    assert cells.text("'=1+1") == "=1+1"
    assert cells.text(date(2026, 3, 1)) == "2026/3/1"
    assert cells.text(2010005003854) == "2010005003854"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("三井金属鉱業株式会社", "company"),
        ("㈱みなと", "company"),
        ("NPO法人みなと", "npo"),
        ("（一社）みなと", "npo"),
        ("公益財団法人日本生産性本部", "npo"),
        ("国立大学法人汐風大学", "university"),
        ("国立研究開発法人汐風", "research"),
        ("港町町内会", "community"),
        ("みなと", None),
    ],
)
def test_kind_is_read_from_the_name(name, kind):
    assert cells.kind_from_name(name) == kind


@pytest.mark.parametrize(
    ("address", "prefecture"),
    [
        ("東京都品川区大崎一丁目", "東京都"),
        ("神奈川県茅ヶ崎市", "神奈川県"),
        ("京都府京都市", "京都府"),
        ("三重県津市", "三重県"),
        ("品川区大崎", ""),
        ("山県市高木", ""),
    ],
)
def test_prefecture_is_read_from_the_address(address, prefecture):
    assert cells.prefecture_in(address) == prefecture


def test_channel_track_and_scale_by_their_words():
    assert cells.channel("マッチングイベント(12月)") == "event"
    assert cells.track("実証実験提案型") == "trial"
    assert cells.scale("大きな社会課題") == "large"
    assert cells.track("なぞ") is None


@pytest.mark.parametrize(
    ("cell", "size"),
    [
        (3, "micro"), ("5名", "micro"), ("約20人", "small"), ("21〜300人", "medium"), ("２１～３００人", "medium"),
        ("1,200名", "large"), ("301人以上", "large"), ("100〜200名", "medium"), ("10〜50人", None), ("中小企業", None), ("", None),
    ],
)  # fmt: skip
def test_size_of_an_organisation_is_how_many_work_there(cell, size):
    assert cells.organisation_size(cell) == size
