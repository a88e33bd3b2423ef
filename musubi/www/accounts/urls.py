"""A person's own pages, beside those of allauth (sign-in, password, second factor, addresses)."""

from django.urls import path

from musubi.www.accounts import demo, home, notices, preferences

urlpatterns = [
    path("home/", home.home, name="home"),
    path("notices/", notices.notices, name="notices"),
    path("notices/read/", notices.read_all, name="notices-read"),
    path("notices/<int:pk>/", notices.notice, name="notice"),
    path("preferences/", preferences.preferences, name="preferences"),
    path("profile/", preferences.profile, name="profile"),
    path("demo/", demo.sign_in, name="demo-sign-in"),
    path("demo/outbox/", demo.outbox, name="demo-outbox"),
    path("demo/outbox/<int:pk>/reply/", demo.reply, name="demo-reply"),
]
