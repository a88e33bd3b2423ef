import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import OutputWrapper

from musubi.journal.models import Entry
from musubi.lib import clock
from musubi.matching import documents, feed, live
from musubi.matching.management.commands import index as command
from musubi.matching.models import Experience
from tests.factories.challenges import make_challenge
from tests.factories.people import make_member, make_municipality
from tests.factories.solutions import make_solution


def run(*arguments, **words) -> str:
    out = io.StringIO()
    call_command("index", *arguments, stdout=out, **words)
    return out.getvalue()


def refused(*arguments) -> tuple[int, str]:
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    return caught.value.returncode, str(caught.value)


def done_together(member) -> None:
    """What changes a document without an entry in the journal that says so."""
    Experience.objects.create(
        organisation=member.organisation,
        municipality=member.municipality,
        case_id=1,
        title="海岸のごみ",
        outcomes=1,
        at=clock.now(),
    )


def test_status_without_an_index_says_what_to_do(index):
    code, words = refused()
    assert code == 1
    assert words.startswith("索引はまだありません")
    assert "script/musubi index --rebuild" in words


def test_rebuild_and_status_say_how_it_stands(index):
    city = make_municipality()
    make_challenge(city)
    make_solution(make_member(city).organisation)
    assert run("--rebuild").splitlines()[-1].startswith("索引を作りました: 文書 3 件、")
    said = run()
    for words in (
        "文書: 3 件(データベースでは 3 件)",
        "学習: 3 件の文書から。その後の変更 0 件",
        "未反映の記録: 0 件(最新です)",
    ):
        assert words in said
    make_challenge(city)
    with clock.standing_at(clock.now() + timedelta(days=3)):
        said = run()
    assert "文書: 3 件(データベースでは 4 件)" in said
    assert "、3日前)" in said
    assert "未反映の記録: 0 件" not in said
    feed.follow()
    assert "その後の変更 1 件" in run()


def test_rebuild_while_another_one_is_at_it_is_refused(index):
    run("--rebuild")
    with feed.alone(live.root()):
        code, words = refused("--rebuild")
    assert (code, words) == (75, "別のプロセスがいま索引を作り直しています。終わるまでお待ちください。")


def test_rebuild_in_a_log_says_a_line_now_and_then(index, monkeypatch):
    city = make_municipality()
    for _ in range(3):
        make_challenge(city)
    moments = iter(range(0, 1000, 3))
    monkeypatch.setattr(command.time, "monotonic", lambda: next(moments))
    lines = run("--rebuild").splitlines()
    assert lines[:3] == ["文書から学んでいます…", "文書から学んでいます… 2 件", " 33% 1 / 3 件"]
    assert lines[-1].startswith("索引を作りました: 文書 3 件")


def test_progress_on_a_terminal_keeps_to_one_line():
    out = io.StringIO()
    out.isatty = lambda: True
    told = command._Progress(OutputWrapper(out), 3)
    told._said = 0
    told(2)
    told.end()
    assert "\n" not in out.getvalue()
    assert "\r 67% 2 / 3 件" in out.getvalue()


def test_check_finds_and_mends_what_differs(index):
    city = make_municipality()
    member = make_member(city)
    make_challenge(city)
    run("--rebuild")
    assert run("--check").endswith("2 件を照らし合わせました。違いはありません。\n")
    done_together(member)
    assert run("--check").endswith("2 件を照らし合わせ、違っていた 1 件を直しました。\n")
    assert run("--check").endswith("違いはありません。\n")


def test_check_takes_in_what_waits_first(index):
    run("--rebuild")
    make_challenge()
    assert run("--check").endswith("1 件を照らし合わせました。違いはありません。\n")
    assert live.matcher().reader.keys() == documents.every_key()


def test_check_says_when_the_one_that_feeds_does_not_mend(index, monkeypatch):
    member = make_member(make_municipality())
    run("--rebuild")
    done_together(member)
    monkeypatch.setattr(command, "PATIENCE", 0.2)
    feeder = feed.Feeder()
    feeder.open()
    code, words = refused("--check")
    assert (code, words[:10]) == (1, "違っていた 1 件を")
    assert feeder.step() == 1
    feeder.close()
    assert run("--check").endswith("違いはありません。\n")


@pytest.mark.parametrize("option", [[], ["--check"]])
def test_index_that_is_not_whole_is_told_with_what_to_do(index, option):
    run("--rebuild")
    folder = next(live.root().glob("2*"))
    (folder / "model.npz").write_bytes(b"torn")
    code, words = refused(*option)
    assert code == 1
    assert words.startswith("索引が使えません(")
    assert "--rebuild" in words


def test_index_of_another_database_is_told(index):
    make_challenge()
    run("--rebuild")
    Entry.objects.all().delete()
    code, words = refused()
    assert code == 1
    assert words.startswith("この索引は別のデータベース")


def test_folder_that_cannot_be_written_is_told(db, settings, tmp_path):
    (tmp_path / "file").write_text("")
    settings.INDEX_DIR = tmp_path / "file"
    code, words = refused("--rebuild")
    assert code == 1
    assert "に書き込めません" in words
    assert "サイトのほかの部分は動きます" in words


@pytest.mark.parametrize("option", [[], ["--rebuild"], ["--check"], ["--follow"]])
def test_machine_without_an_index_says_so(db, option):
    code, words = refused(*option)
    assert code == 1
    assert words == "この機械は索引を持たない設定です(MUSUBI_INDEX が空です)。"
