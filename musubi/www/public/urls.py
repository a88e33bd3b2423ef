"""What everybody may read. `<slug:city>` comes after the fixed words; the reference number comes last."""

from django.urls import include, path

from musubi.www.public import (
    challenges,
    feeds,
    figures,
    front,
    gatherings,
    members,
    propose,
    solutions,
    statements,
    stories,
)

urlpatterns = [
    path("", front.front, name="front"),
    path("accessibility/", statements.accessibility, name="accessibility"),
    path("privacy/", statements.privacy, name="privacy"),
    path("terms/", statements.terms, name="terms"),
    path("language/", statements.language, name="language"),
    path("robots.txt", statements.robots, name="robots"),
    path("<slug:city>/", front.city, name="city"),
    path("<slug:city>/challenges/", challenges.challenges, name="challenges"),
    path("<slug:city>/challenges/<slug:ref>/", challenges.challenge, name="challenge"),
    path("<slug:city>/challenges/<slug:ref>/similar/", challenges.similar, name="challenge-similar"),
    path("<slug:city>/solutions/", solutions.solutions, name="solutions"),
    path("<slug:city>/solutions/<int:pk>/", solutions.solution, name="solution"),
    path("<slug:city>/propose/", propose.propose, name="propose"),
    path("<slug:city>/members/", members.members, name="members"),
    path("<slug:city>/members/<int:pk>/", members.member, name="member"),
    path("<slug:city>/gatherings/", gatherings.gatherings, name="gatherings"),
    path("<slug:city>/gatherings/<slug:ref>/", gatherings.gathering, name="gathering"),
    path("<slug:city>/gatherings.ics", gatherings.calendar, name="gatherings-ics"),
    path("<slug:city>/fund/", include("musubi.www.public.fund.urls")),
    path("<slug:city>/stories/", stories.stories, name="stories"),
    path("<slug:city>/stories/<slug:ref>/", stories.story, name="story"),
    path("<slug:city>/figures/", figures.page, name="figures"),
    path("<slug:city>/figures.csv", figures.as_csv, name="figures-csv"),
    path("<slug:city>/figures.xlsx", figures.as_xlsx, name="figures-xlsx"),
    path("<slug:city>/figures.json", figures.as_json, name="figures-json"),
    path("<slug:city>/figures/<slug:key>/", figures.records, name="figures-evidence"),
    path("<slug:city>/feed.atom", feeds.news, name="feed"),
]
