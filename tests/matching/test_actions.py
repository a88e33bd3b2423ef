"""What happens to suggestions, the ranking and saved searches."""

from datetime import timedelta

import pytest

from musubi.cases import actions as cases
from musubi.challenges.actions import close
from musubi.challenges.states import Visibility
from musubi.journal.queries import history
from musubi.lib import clock
from musubi.lib.errors import Conflict, Missing, NotAllowed, Refused
from musubi.matching import actions
from musubi.matching.models import Experience, Ranking, SavedSearch, Suggestion
from musubi.matching.rules import MOST_SEARCHES
from musubi.matching.states import Misfit, Side
from musubi.notify.actions import tell
from musubi.outcomes import actions as outcomes
from tests.factories.cases import make_case, make_contact
from tests.factories.challenges import make_challenge
from tests.factories.matching import found, make_ranking, make_suggestion
from tests.factories.people import (
    make_member,
    make_municipality,
    make_organisation,
    make_representative,
    make_staff,
)
from tests.factories.proposals import make_proposal
from tests.factories.solutions import make_solution

pytestmark = pytest.mark.django_db


def last(thing):
    return history(thing).last()


@pytest.fixture
def city():
    return make_municipality()


@pytest.fixture
def desk(city):
    return make_staff(city, "desk")


@pytest.fixture
def challenge(city):
    return make_challenge(city)


# --- keeping what the engine finds ---------------------------------------------------------------------------


def kept(challenge):
    rows = challenge.suggestions.order_by("need_rank", "pk")
    return [(row.solution or row.organisation, row.need_rank) for row in rows]


def test_what_is_found_for_a_challenge_is_kept_in_its_order(challenge):
    solution, organisation = make_solution(), make_organisation()
    actions.keep_for_challenge(challenge, [found(solution, likeness=0.61234567), found(organisation)])
    assert kept(challenge) == [(solution, 1), (organisation, 2)]
    row = challenge.suggestions.get(solution=solution)
    assert (row.likeness, row.best_rank, row.seed_rank, row.state) == (0.61235, 1, None, "suggested")
    assert row.reasons == [{"kind": "words", "words": [["海岸", "浜辺"]]}]
    assert row.features["hubness"] == 0.2


def test_what_falls_out_loses_its_place_and_keeps_what_was_shown(challenge):
    first, second = make_solution(), make_solution()
    actions.keep_for_challenge(challenge, [found(first), found(second)])
    actions.keep_for_challenge(challenge, [found(second)])
    row = challenge.suggestions.get(solution=first)
    assert (row.need_rank, row.best_rank) == (None, 1)
    row = challenge.suggestions.get(solution=second)
    assert (row.need_rank, row.best_rank) == (1, 1)


def test_refreshing_keeps_what_people_decided(challenge, desk):
    solution = make_solution()
    suggestion = make_suggestion(challenge, solution)
    actions.judge(suggestion, by=desk, side=Side.MUNICIPALITY, fits=True)
    actions.keep_for_challenge(challenge, [])
    actions.keep_for_challenge(challenge, [found(solution)])
    suggestion.refresh_from_db()
    assert (suggestion.state, suggestion.need_rank, suggestion.verdicts.count()) == ("fits", 1, 1)


def test_a_pair_found_from_both_sides_is_one_row(challenge):
    solution = make_solution()
    actions.keep_for_seed(solution, [found(challenge, likeness=0.4)])
    actions.keep_for_challenge(challenge, [found(solution, likeness=0.6)])
    actions.keep_for_seed(solution, [found(challenge, likeness=0.4)])
    row = Suggestion.objects.get()
    assert (row.need_rank, row.seed_rank, row.likeness) == (1, 1, 0.6)


def test_words_found_from_the_other_side_are_told_the_same_way_round(challenge):
    solution = make_solution()
    reasons = [{"kind": "synonyms", "words": [["DX", "デジタル化"]]}, {"kind": "member"}]
    actions.keep_for_seed(solution, [found(challenge, reasons=reasons)])
    assert Suggestion.objects.get().reasons == [
        {"kind": "synonyms", "words": [["デジタル化", "DX"]]},
        {"kind": "member"},
    ]


def test_what_was_only_looked_up_for_a_seed_goes_when_it_falls_out(challenge):
    organisation = make_organisation()
    actions.keep_for_seed(organisation, [found(challenge)])
    actions.keep_for_seed(organisation, [])
    assert not Suggestion.objects.exists()


def test_keeping_again_writes_no_more_statements_for_more_rows(challenge, django_assert_num_queries):
    solutions = [make_solution() for _n in range(20)]
    actions.keep_for_challenge(challenge, [found(one) for one in solutions])
    with django_assert_num_queries(6):
        actions.keep_for_challenge(challenge, [found(one) for one in reversed(solutions)])


# --- judging -------------------------------------------------------------------------------------------------


def test_the_municipality_says_that_it_fits(challenge, desk):
    suggestion = make_suggestion(challenge)
    verdict = actions.judge(suggestion, by=desk, side=Side.MUNICIPALITY, fits=True, words=" よさそうです ")
    assert (suggestion.state, verdict.fits, verdict.words, verdict.by) == ("fits", True, "よさそうです", desk)
    entry = last(suggestion)
    assert (entry.verb, entry.data) == (
        "suggestion.judged",
        {
            "side": "municipality",
            "fits": True,
            "reason": "",
            "words": "よさそうです",
            "organisation": suggestion.organisation.name,
        },
    )


def test_the_organisation_says_why_it_does_not_fit(challenge):
    suggestion = make_suggestion(challenge)
    person = make_representative(suggestion.organisation)
    verdict = actions.judge(
        suggestion,
        by=person,
        side=Side.ORGANISATION,
        fits=False,
        reason=Misfit.SCALE,
        words="人手が足りません",
    )
    assert (suggestion.state, verdict.reason, verdict.side) == ("misfit", "scale", "organisation")


def test_a_reason_is_not_kept_with_what_fits(challenge, desk):
    suggestion = make_suggestion(challenge)
    verdict = actions.judge(
        suggestion, by=desk, side=Side.MUNICIPALITY, fits=True, reason=Misfit.COST, words=""
    )
    assert verdict.reason == ""


def test_the_latest_word_of_a_side_counts(challenge, desk):
    suggestion = make_suggestion(challenge)
    actions.judge(suggestion, by=desk, side=Side.MUNICIPALITY, fits=False, reason=Misfit.SUBJECT)
    actions.judge(suggestion, by=desk, side=Side.MUNICIPALITY, fits=True)
    assert (suggestion.state, suggestion.verdicts.get().fits) == ("fits", True)
    assert [entry.data["fits"] for entry in history(suggestion)] == [False, True]


def test_it_is_a_misfit_as_long_as_one_side_says_so(challenge, desk):
    suggestion = make_suggestion(challenge)
    person = make_representative(suggestion.organisation)
    actions.judge(suggestion, by=person, side=Side.ORGANISATION, fits=False, reason=Misfit.REGION)
    actions.judge(suggestion, by=desk, side=Side.MUNICIPALITY, fits=True)
    assert suggestion.state == "misfit"
    actions.judge(suggestion, by=person, side=Side.ORGANISATION, fits=True)
    assert suggestion.state == "fits"


def test_what_is_introduced_and_fits_stays_introduced(challenge, desk):
    suggestion = introduced(challenge, desk)
    person = make_representative(suggestion.organisation)
    actions.judge(suggestion, by=person, side=Side.ORGANISATION, fits=True)
    assert suggestion.state == "introduced"
    actions.judge(suggestion, by=person, side=Side.ORGANISATION, fits=False, reason=Misfit.TIMING)
    assert (suggestion.state, suggestion.acted_at is None) == ("misfit", False)


@pytest.mark.parametrize("reason", ["", "ugly"])
def test_a_misfit_needs_a_reason(challenge, desk, reason):
    suggestion = make_suggestion(challenge)
    with pytest.raises(Missing) as refused:
        actions.judge(suggestion, by=desk, side=Side.MUNICIPALITY, fits=False, reason=reason)
    assert refused.value.field == "reason"
    assert suggestion.verdicts.count() == 0


def test_words_of_a_verdict_are_not_endless(challenge, desk):
    suggestion = make_suggestion(challenge)
    with pytest.raises(Refused, match="2,000字以内"):
        actions.judge(suggestion, by=desk, side=Side.MUNICIPALITY, fits=True, words="長" * 2001)


def test_nobody_else_judges(city, challenge):
    suggestion = make_suggestion(challenge)
    outsiders = [
        (make_staff(city, "auditor"), Side.MUNICIPALITY),
        (make_staff(city, "officer"), Side.MUNICIPALITY),  # of another department
        (make_staff(make_municipality(), "desk"), Side.MUNICIPALITY),
        (make_representative(suggestion.organisation), Side.MUNICIPALITY),
        (make_representative(), Side.ORGANISATION),
        (make_staff(city, "desk"), Side.ORGANISATION),
    ]
    for person, side in outsiders:
        with pytest.raises(NotAllowed):
            actions.judge(suggestion, by=person, side=side, fits=True)


def test_an_officer_judges_for_the_own_department(challenge):
    suggestion = make_suggestion(challenge)
    officer = challenge.department.staff.get().user
    assert actions.judge(suggestion, by=officer, side=Side.MUNICIPALITY, fits=True).by == officer


def test_nobody_judges_the_own_organisation_for_the_municipality(challenge, desk):
    suggestion = make_suggestion(challenge)
    suggestion.organisation.representatives.create(user=desk)
    for act in (
        lambda: actions.judge(suggestion, by=desk, side=Side.MUNICIPALITY, fits=True),
        lambda: actions.introduce(suggestion, by=desk, words="ぜひご覧ください。"),
    ):
        with pytest.raises(NotAllowed, match="ほかの職員"):
            act()


def test_an_organisation_does_not_judge_what_it_cannot_read(city):
    suggestion = make_suggestion(make_challenge(city, visibility=Visibility.MEMBERS))
    person = make_representative(suggestion.organisation)
    with pytest.raises(NotAllowed):
        actions.judge(suggestion, by=person, side=Side.ORGANISATION, fits=True)
    make_member(city, suggestion.organisation)
    assert actions.judge(suggestion, by=person, side=Side.ORGANISATION, fits=True).fits


def test_who_judges_what_another_has_moved_is_told(challenge, desk):
    suggestion = make_suggestion(challenge)
    seen = Suggestion.objects.get(pk=suggestion.pk)
    actions.judge(suggestion, by=desk, side=Side.MUNICIPALITY, fits=False, reason=Misfit.COST)
    with pytest.raises(Conflict):
        actions.judge(seen, by=desk, side=Side.MUNICIPALITY, fits=True)
    assert not suggestion.verdicts.get().fits


def test_nobody_judges_what_has_become_a_case(challenge, desk):
    suggestion = make_suggestion(challenge, state_to="in_case")
    with pytest.raises(Refused, match="もう案件"):
        actions.judge(suggestion, by=desk, side=Side.MUNICIPALITY, fits=True)


# --- introducing ---------------------------------------------------------------------------------------------


def introduced(challenge, desk):
    suggestion = make_suggestion(challenge)
    make_representative(suggestion.organisation)
    actions.introduce(suggestion, by=desk, words="実績を拝見しました。ぜひご検討ください。")
    return suggestion


def test_introducing_tells_the_organisation_with_words_and_reasons(challenge, desk):
    suggestion = introduced(challenge, desk)
    assert suggestion.state == "introduced"
    assert suggestion.introduced_at == suggestion.acted_at
    entry = last(suggestion)
    assert (entry.verb, entry.data["words"]) == (
        "suggestion.introduced",
        "実績を拝見しました。ぜひご検討ください。",
    )
    (notice,) = tell(entry)
    assert notice.user.represents.get().organisation == suggestion.organisation
    assert notice.title == f"課題の紹介: {challenge.title}"
    assert notice.path == f"/{challenge.municipality.slug}/challenges/{challenge.ref}/"
    assert "実績を拝見しました。" in notice.body
    assert "候補になった理由:\n・どちらの文章にも「海岸」があります" in notice.body


def test_introducing_needs_words(challenge, desk):
    with pytest.raises(Missing) as refused:
        actions.introduce(make_suggestion(challenge), by=desk, words="  ")
    assert refused.value.field == "words"


def test_only_the_municipality_introduces(city, challenge):
    suggestion = make_suggestion(challenge)
    for person in (make_representative(suggestion.organisation), make_staff(city, "auditor")):
        with pytest.raises(NotAllowed):
            actions.introduce(suggestion, by=person, words="どうぞ")


def test_a_closed_challenge_is_not_introduced(challenge, desk):
    suggestion = make_suggestion(challenge)
    make_representative(suggestion.organisation)
    close(challenge, by=desk, reason="withdrawn")
    with pytest.raises(Refused, match="提案を受け付けていない"):
        actions.introduce(Suggestion.objects.get(pk=suggestion.pk), by=desk, words="どうぞ")


def test_a_challenge_past_its_deadline_is_not_introduced(challenge, desk):
    suggestion = make_suggestion(challenge)
    make_representative(suggestion.organisation)
    type(challenge).objects.update(deadline=clock.today() - timedelta(days=1))
    with pytest.raises(Refused, match="提案を受け付けていない"):
        actions.introduce(suggestion, by=desk, words="どうぞ")


def test_what_the_organisation_cannot_read_is_not_introduced(city, desk):
    challenge = make_challenge(city, visibility=Visibility.MEMBERS)
    suggestion = make_suggestion(challenge)
    make_representative(suggestion.organisation)
    with pytest.raises(Refused, match="公開範囲を広げるか、団体が会員になってから"):
        actions.introduce(suggestion, by=desk, words="どうぞ")
    make_member(city, suggestion.organisation)
    actions.introduce(suggestion, by=desk, words="どうぞ")
    assert suggestion.state == "introduced"


def test_nobody_to_tell_is_said(challenge, desk):
    suggestion = make_suggestion(challenge)
    with pytest.raises(Refused, match="担当者がまだいません"):
        actions.introduce(suggestion, by=desk, words="どうぞ")


@pytest.mark.parametrize("state", ["misfit", "introduced", "in_case"])
def test_some_states_cannot_be_introduced(challenge, desk, state):
    suggestion = make_suggestion(challenge, state_to=state)
    make_representative(suggestion.organisation)
    with pytest.raises(Refused, match="紹介できません"):
        actions.introduce(suggestion, by=desk, words="どうぞ")


def test_who_introduces_what_another_has_moved_is_told(challenge, desk):
    suggestion = make_suggestion(challenge)
    make_representative(suggestion.organisation)
    seen = Suggestion.objects.get(pk=suggestion.pk)
    actions.introduce(suggestion, by=desk, words="どうぞ")
    with pytest.raises(Conflict):
        actions.introduce(seen, by=desk, words="どうぞ")


# --- what came of it -----------------------------------------------------------------------------------------


@pytest.fixture
def case(city, challenge, desk):
    """A case opened on a proposal for the challenge, by an organisation that was suggested."""
    organisation = make_organisation()
    make_suggestion(challenge, organisation)
    make_suggestion(challenge, make_organisation())
    proposal = make_proposal(
        city,
        organisation,
        state="routing",
        track="challenge",
        challenge=challenge,
        departments=[challenge.department],
        desk=desk,
    )
    return make_case(city, proposal=proposal, officer=challenge.department.staff.get().user)


def states(challenge):
    return list(challenge.suggestions.order_by("pk").values_list("state", flat=True))


def test_a_case_makes_its_suggestion_a_case_and_an_experience(case, challenge):
    assert states(challenge) == ["in_case", "suggested"]
    suggestion = challenge.suggestions.first()
    assert suggestion.acted_at == case.opened_at
    experience = Experience.objects.get()
    assert (experience.organisation, experience.challenge) == (suggestion.organisation, challenge)
    assert (experience.case_id, experience.title, experience.outcomes, experience.is_public) == (
        case.pk,
        case.title,
        0,
        False,
    )


def test_a_case_without_a_challenge_is_an_experience_too(city):
    case = make_contact(city)
    experience = Experience.objects.get()
    assert (experience.municipality, experience.challenge, experience.case_id) == (city, None, case.pk)


def test_an_organisation_that_joins_a_case_has_the_experience(case, challenge, desk):
    other = challenge.suggestions.last().organisation
    cases.add_organisation(case, other, by=desk)
    assert states(challenge) == ["in_case", "in_case"]
    assert Experience.objects.filter(organisation=other, case_id=case.pk).count() == 1
    cases.add_organisation(case, other, by=desk)
    assert Experience.objects.count() == 2


def test_a_proposal_that_names_its_solution_moves_only_that(city, challenge, desk):
    organisation = make_organisation()
    named, other = make_solution(organisation), make_solution(organisation)
    for solution in (named, other):
        make_suggestion(challenge, solution)
    proposal = make_proposal(
        city,
        organisation,
        state="routing",
        track="challenge",
        challenge=challenge,
        solution=named,
        departments=[challenge.department],
        desk=desk,
    )
    make_case(city, proposal=proposal, officer=challenge.department.staff.get().user)
    assert states(challenge) == ["in_case", "suggested"]


def record(case, desk, kind):
    return outcomes.record_outcome(
        case, by=desk, kind=kind, title=f"成果 {kind}", summary="半分になった。", started_on=clock.today()
    )


def test_only_an_outcome_that_meets_the_need_realises_the_suggestion(case, challenge, desk):
    record(case, desk, "trial_done")
    assert (states(challenge)[0], Experience.objects.get().outcomes) == ("in_case", 1)
    record(case, desk, "implemented")
    assert (states(challenge)[0], Experience.objects.get().outcomes) == ("realised", 2)


def test_others_are_told_only_what_a_published_story_says(case, desk):
    story = outcomes.write_story(
        record(case, desk, "implemented"), by=desk, title="浜が変わった", body="本文", lead="リード"
    )
    assert not Experience.objects.get().is_public
    outcomes.publish_story(story, by=desk)
    experience = Experience.objects.get()
    assert (experience.is_public, experience.title, experience.text) == (True, "浜が変わった", "リード\n本文")
    outcomes.save_story(story, by=desk, title="浜が生まれ変わった", body="本文")
    assert Experience.objects.get().title == "浜が生まれ変わった"
    outcomes.withdraw_story(story, by=desk)
    assert not Experience.objects.get().is_public


# --- the ranking ---------------------------------------------------------------------------------------------


@pytest.fixture
def ranking(city):
    return make_ranking(city)


def test_adopting_a_ranking_replaces_the_one_in_use(city, desk, ranking):
    actions.adopt_ranking(ranking, by=desk)
    newer = make_ranking(city)
    actions.adopt_ranking(newer, by=desk)
    ranking.refresh_from_db()
    assert (ranking.state, newer.state, newer.decided_by) == ("replaced", "adopted", desk)
    assert (last(newer).verb, last(newer).data) == ("ranking.adopted", {"weights": newer.weights})


def test_refusing_a_ranking_leaves_the_one_in_use(city, desk, ranking):
    actions.adopt_ranking(ranking, by=desk)
    newer = make_ranking(city)
    actions.refuse_ranking(newer, by=desk)
    ranking.refresh_from_db()
    assert (ranking.state, newer.state, last(newer).verb) == ("adopted", "refused", "ranking.refused")


@pytest.mark.parametrize("act", [actions.adopt_ranking, actions.refuse_ranking])
def test_a_decided_ranking_is_not_decided_again(desk, ranking, act):
    actions.refuse_ranking(ranking, by=desk)
    with pytest.raises(Refused):
        act(ranking, by=desk)


@pytest.mark.parametrize("act", [actions.adopt_ranking, actions.refuse_ranking])
def test_only_the_desk_decides_on_a_ranking(city, ranking, act):
    for person in (make_staff(city, "manager"), make_staff(make_municipality(), "desk")):
        with pytest.raises(NotAllowed):
            act(ranking, by=person)


def test_who_adopts_what_another_has_refused_is_told(desk, ranking):
    seen = Ranking.objects.get()
    actions.refuse_ranking(ranking, by=desk)
    with pytest.raises(Conflict):
        actions.adopt_ranking(seen, by=desk)


# --- saved searches ------------------------------------------------------------------------------------------


@pytest.fixture
def person():
    return make_representative()


@pytest.fixture
def search(person):
    return actions.save_search(person.represents.get().organisation, by=person, name="海", text="海岸の清掃")


def test_a_search_is_saved(person, city):
    search = actions.save_search(
        person.represents.get().organisation,
        by=person,
        name=" 海の課題 ",
        text=" 海岸の清掃 ",
        goals=[14],
        fields=["environment"],
        municipalities=[city.pk],
        most=3,
    )
    assert (search.name, search.text, search.most, search.user) == ("海の課題", "海岸の清掃", 3, person)
    assert [goal.pk for goal in search.goals.all()] == [14]
    assert list(search.municipalities.all()) == [city]
    assert (last(search).verb, last(search).title) == ("search.saved", "海の課題")


def test_a_search_is_changed_and_rests(person, search):
    actions.change_search(search, by=person, name="海", text="漁港", is_active=False)
    search.refresh_from_db()
    assert (search.text, search.is_active, last(search).verb) == ("漁港", False, "search.changed")


def test_a_search_is_dropped(person, search):
    pk = search.pk
    actions.drop_search(search, by=person)
    assert not SavedSearch.objects.exists()
    search.pk = pk
    assert last(search).verb == "search.dropped"


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"name": " ", "text": "海"}, "name"),
        ({"name": "海", "text": "  "}, "text"),
        ({"name": "海", "text": "海" * 2001}, "text"),
        ({"name": "海" * 61, "text": "海"}, "name"),
        ({"name": "海", "text": "海", "most": 0}, "most"),
        ({"name": "海", "text": "海", "most": 21}, "most"),
    ],
)
def test_a_search_that_cannot_be_kept_is_refused(person, search, words, field):
    organisation = search.organisation
    for act in (
        lambda: actions.save_search(organisation, by=person, **words),
        lambda: actions.change_search(search, by=person, **words),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.field == field


def test_there_is_an_end_to_searches(person, search):
    for n in range(MOST_SEARCHES - 1):
        actions.save_search(search.organisation, by=person, name=f"検索{n}", text="海")
    with pytest.raises(Refused, match="20件まで"):
        actions.save_search(search.organisation, by=person, name="もう一つ", text="海")


def test_nobody_touches_what_another_saved(person, search):
    colleague = make_representative(search.organisation)
    for stranger in (colleague, make_representative(), make_staff(make_municipality(), "desk")):
        with pytest.raises(NotAllowed):
            actions.change_search(search, by=stranger, name="海", text="海")
        with pytest.raises(NotAllowed):
            actions.drop_search(search, by=stranger)
    with pytest.raises(NotAllowed):
        actions.save_search(make_organisation(), by=person, name="海", text="海")


def test_a_search_is_dropped_once(person, search):
    seen = SavedSearch.objects.get()
    actions.drop_search(search, by=person)
    for act in (
        lambda: actions.drop_search(seen, by=person),
        lambda: actions.change_search(seen, by=person, name="海", text="海"),
    ):
        with pytest.raises(Conflict):
            act()
