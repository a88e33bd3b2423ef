"""The browser tools themselves: they must find what is wrong, or every walk below them proves nothing."""

import pytest
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.urls import path

from musubi.people.models import User

GOOD = "<!doctype html><html lang=ja><title>結</title><main><h1>結び</h1></main></html>"
BAD = "<!doctype html><html><title>結</title><main><h1>結び</h1><img src='data:,'></main></html>"
PALE_IN_DARK = GOOD.replace(
    "<main>",
    "<style>@media (prefers-color-scheme: dark) { html { background: #111; color: #333 } }</style><main>",
)


def test_axe_page_without_faults_passes(page, axe):
    page.set_content(GOOD)
    axe(page)


def test_axe_page_without_language_and_alternative_text_fails(page, axe):
    page.set_content(BAD)
    with pytest.raises(AssertionError, match=r"(?s)html-has-lang.*image-alt|image-alt.*html-has-lang"):
        axe(page)


def test_axe_page_pale_in_dark_only_fails(page, axe):
    page.set_content(PALE_IN_DARK)
    with pytest.raises(AssertionError, match=r"\[dark\] color-contrast"):
        axe(page)


def test_faults_script_error_is_noticed(page, faults):
    page.set_content(GOOD)
    page.evaluate("() => { setTimeout(() => { throw new Error('broken') }, 0) }")
    page.wait_for_timeout(200)
    assert faults == ["script: broken"]
    faults.clear()


def test_faults_request_to_another_machine_is_noticed(page, faults):
    page.set_content(GOOD + "<img alt='' src='http://cdn.example/x.png'>")
    assert faults == ["reached outside: http://cdn.example/x.png"]
    faults.clear()


@login_not_required
def who(request):
    name = request.user.email if request.user.is_authenticated else "nobody"
    return HttpResponse(GOOD.replace("結び", name))


@login_not_required
def wide(request):
    return HttpResponse(GOOD.replace("結び", "<svg width='400' height='9' aria-hidden='true'></svg>幅"))


urlpatterns = [path("who/", who), path("wide/", wide)]


@pytest.mark.urls("tests.browser.test_tools")
def test_sign_in_is_known_to_the_served_product(live, page, sign_in, axe):
    page.goto(f"{live.url}/who/")
    assert page.inner_text("h1") == "nobody"
    sign_in(page, User.objects.create(email="hana@example.jp"))
    page.goto(f"{live.url}/who/")
    assert page.inner_text("h1") == "hana@example.jp"
    axe(page)


@pytest.mark.urls("tests.browser.test_tools")
def test_walk_page_wider_than_the_window_fails(walker):
    walker(width=1280).go("/wide/")
    with pytest.raises(AssertionError, match="wider than 360 px"):
        walker(width=360).go("/wide/")


@pytest.mark.urls("tests.browser.test_tools")
def test_walk_page_left_without_a_look_is_noticed(walker):
    walk = walker().go("/who/")
    walk.page.goto(f"{walk.url}/wide/")
    walk.page.goto(f"{walk.url}/who/")
    assert (walk.missed, walk.unseen) == ([f"{walk.url}/wide/"], f"{walk.url}/who/")
    walk.missed.clear()
    walk.look()
