"""What an administrator sets: the municipality's words, departments, people and their roles, closing days, limits."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from musubi.ball.actions import LONGEST_LIMIT, set_limit
from musubi.ball.models import Limit
from musubi.ball.queries import escalation_of
from musubi.ball.states import DEFAULT_LIMITS
from musubi.cases.states import CASE
from musubi.lib import clock
from musubi.lib.errors import Refused
from musubi.people import actions
from musubi.people.leaving import StillCarried
from musubi.people.models import ClosingDay, Department, Municipality, Staff, User
from musubi.people.rules import is_operator, may_manage
from musubi.proposals.states import PROPOSAL
from musubi.www.access import city_or_404
from musubi.www.forms.widgets import DateInput
from musubi.www.staff.frame import act_page, attempt, crumbs, posted

HUES = [
    ("ai", gettext_lazy("藍")),
    ("moegi", gettext_lazy("萌黄")),
    ("suou", gettext_lazy("蘇芳")),
    ("futaai", gettext_lazy("二藍")),
    ("kaki", gettext_lazy("柿")),
    ("rikyu", gettext_lazy("利休")),
]


class GeneralForm(forms.ModelForm):
    hue = forms.ChoiceField(label=gettext_lazy("差し色"), choices=HUES)

    class Meta:
        model = Municipality
        fields = ["name", "name_en", "lead", "lead_en", "contact", "hue", "members_need_approval"]
        widgets = {"lead": forms.Textarea(attrs={"rows": 3}), "lead_en": forms.Textarea(attrs={"rows": 3})}
        help_texts = {"contact": gettext_lazy("公開ページに載ります。例: 企画課 公民連携デスク 00-0000-0000")}

    def _post_clean(self):
        """The action checks and keeps the words."""


class DepartmentForm(forms.ModelForm):
    parent = forms.ModelChoiceField(
        Department.objects.none(),
        label=gettext_lazy("上の部署"),
        required=False,
        empty_label=gettext_lazy("なし(いちばん上)"),
    )

    class Meta:
        model = Department
        fields = ["name", "name_en", "duties", "parent", "manager", "position"]
        labels = {"manager": gettext_lazy("管理職")}
        widgets = {"duties": forms.Textarea(attrs={"rows": 4})}
        help_texts = {
            "duties": gettext_lazy(
                "提案の照会先の候補を選ぶときに使います。言葉を並べてください。例: 海岸清掃、廃棄物の分別、公害、環境学習"
            ),
            "manager": gettext_lazy("期限を過ぎた仕事を知らせる相手です。この部署の管理職から選びます。"),
        }

    def __init__(self, *args, municipality: Municipality, **kwargs):
        super().__init__(*args, **kwargs)
        rows = Department.objects.filter(municipality=municipality, is_active=True)
        if self.instance.pk:
            self.fields["parent"].queryset = rows.exclude(pk=self.instance.pk)
            self.fields["manager"].queryset = User.objects.filter(
                staff__department=self.instance, staff__ended_at=None, staff__role__in=["manager", "desk"]
            ).distinct()
        else:
            self.fields["parent"].queryset = rows
            del self.fields["manager"]
        self.fields["position"].required = False

    def _post_clean(self):
        """The action checks and keeps the words."""

    def clean_position(self):
        return self.cleaned_data["position"] or 0


class AppointForm(forms.Form):
    email = forms.EmailField(
        label=gettext_lazy("メールアドレス"),
        help_text=gettext_lazy(
            "この人がサインインに使っているもの。まだ登録していなければ、先に本人に登録してもらってください。"
        ),
    )
    role = forms.ChoiceField(label=gettext_lazy("役割"), choices=Staff.Role, widget=forms.RadioSelect)
    department = forms.ModelChoiceField(
        Department.objects.none(),
        label=gettext_lazy("部署"),
        required=False,
        empty_label=gettext_lazy("(部署の職員・管理職のときに選びます)"),
    )

    def __init__(self, *args, municipality: Municipality, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["department"].queryset = Department.objects.filter(
            municipality=municipality, is_active=True
        )

    def clean_email(self):
        found = User.objects.filter(email=self.cleaned_data["email"].lower()).first()
        if found is None:
            raise forms.ValidationError(
                _(
                    "このメールアドレスの利用者はいません。つづりを確かめるか、先に本人に利用登録をしてもらってください。"
                )
            )
        return found


class StopForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("理由"),
        max_length=200,
        help_text=gettext_lazy("できごとの記録に残ります。例: 退職、端末の紛失"),
    )


class ClosingDayForm(forms.Form):
    day = forms.DateField(label=gettext_lazy("休業日"), widget=DateInput)
    name = forms.CharField(
        label=gettext_lazy("理由"), max_length=60, required=False, help_text=gettext_lazy("例: 開庁記念日")
    )


class LimitForm(forms.Form):
    days = forms.IntegerField(label=gettext_lazy("営業日数"), min_value=1, max_value=LONGEST_LIMIT)


def _city(request, slug: str) -> Municipality:
    """The municipality, for its administrators and the operator; else 403."""
    municipality = city_or_404(slug)
    if not may_manage(request.user, municipality):
        raise PermissionDenied(_("設定を変えられるのは、自治体管理者だけです。"))
    return municipality


def _home(municipality) -> tuple[str, str]:
    return _("設定"), reverse("staff-settings", args=[municipality.slug])


@require_safe
def settings(request, city: str):
    municipality = _city(request, city)
    today = clock.today()
    context = {
        "municipality": municipality,
        "page_title": _("設定"),
        "crumbs": crumbs(municipality, _("設定")),
        "departments": Department.objects.filter(municipality=municipality, is_active=True).count(),
        "staff": Staff.objects.filter(municipality=municipality, ended_at=None).count(),
        "closing_days": ClosingDay.objects.filter(municipality=municipality, day__gte=today).count(),
        "own_limits": Limit.objects.filter(municipality=municipality).count(),
        "reminding": _("%(hour)d時から") % {"hour": escalation_of(municipality).hour},
    }
    return render(request, "staff/settings.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def general(request, city: str):
    municipality = _city(request, city)
    form = GeneralForm(posted(request), instance=Municipality.objects.get(pk=municipality.pk))
    if form.is_valid() and attempt(
        form, lambda: actions.change_settings(municipality, by=request.user, **form.cleaned_data)
    ):
        messages.success(request, _("自治体の設定を保存しました。"))
        return redirect("staff-settings", city)
    return act_page(
        request,
        municipality,
        form,
        title=_("自治体の情報"),
        trail=[_home(municipality)],
        submit_label=_("保存する"),
    )


# --- departments -------------------------------------------------------------------------------------------------


@require_safe
def departments(request, city: str):
    municipality = _city(request, city)
    rows = list(Department.objects.filter(municipality=municipality).select_related("manager"))
    context = {
        "municipality": municipality,
        "page_title": _("部署"),
        "crumbs": crumbs(municipality, _home(municipality), _("部署")),
        "tree": _tree([row for row in rows if row.is_active]),
        "closed": [row for row in rows if not row.is_active],
    }
    return render(request, "staff/departments.html", context)


def _tree(rows: list[Department]) -> list[tuple[Department, int]]:
    """(department, depth) in the order of the tree; one whose parent was closed stands at the top."""
    here = {row.pk for row in rows}
    below: dict[int | None, list[Department]] = {}
    for row in rows:
        below.setdefault(row.parent_id if row.parent_id in here else None, []).append(row)
    found = []

    def walk(parent: int | None, depth: int) -> None:
        for row in below.get(parent, []):
            found.append((row, depth))
            walk(row.pk, depth + 1)

    walk(None, 0)
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def new_department(request, city: str):
    municipality = _city(request, city)
    form = DepartmentForm(posted(request), municipality=municipality)
    if form.is_valid() and attempt(
        form, lambda: actions.add_department(municipality, by=request.user, **form.cleaned_data)
    ):
        messages.success(request, _("部署を登録しました。"))
        return redirect("staff-departments", city)
    return _department_page(
        request, municipality, form, title=_("部署を登録する"), submit_label=_("登録する")
    )


@require_http_methods(["GET", "HEAD", "POST"])
def edit_department(request, city: str, pk: int):
    municipality = _city(request, city)
    row = get_object_or_404(Department, pk=pk, municipality=municipality, is_active=True)
    form = DepartmentForm(posted(request), instance=row, municipality=municipality)
    if form.is_valid() and attempt(
        form, lambda: actions.change_department(row, by=request.user, **form.cleaned_data)
    ):
        messages.success(request, _("部署の情報を保存しました。"))
        return redirect("staff-departments", city)
    return _department_page(request, municipality, form, title=row.name, submit_label=_("保存する"))


@require_POST
def close_department(request, city: str, pk: int):
    municipality = _city(request, city)
    row = get_object_or_404(Department, pk=pk, municipality=municipality)
    _press(
        request,
        lambda: actions.close_department(row, by=request.user),
        _("部署を廃止しました。これまでの記録は残ります。"),
    )
    return redirect("staff-departments", city)


def _department_page(request, municipality, form, **context):
    trail = [_home(municipality), (_("部署"), reverse("staff-departments", args=[municipality.slug]))]
    return act_page(request, municipality, form, trail=trail, **context)


# --- people ------------------------------------------------------------------------------------------------------


@require_safe
def people(request, city: str):
    municipality = _city(request, city)
    rows = (
        Staff.objects.filter(municipality=municipality, ended_at=None)
        .select_related("user", "department")
        .order_by("department__position", "department_id", "role", "user__name")
    )
    context = {
        "municipality": municipality,
        "page_title": _("職員"),
        "crumbs": crumbs(municipality, _home(municipality), _("職員")),
        "rows": list(rows),
        "may_stop": is_operator(request.user),
    }
    return render(request, "staff/people.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def appoint(request, city: str):
    municipality = _city(request, city)
    form = AppointForm(posted(request), municipality=municipality)

    def act():
        data = form.cleaned_data
        actions.appoint(
            data["email"], municipality, data["role"], by=request.user, department=data["department"]
        )

    if form.is_valid() and attempt(form, act):
        messages.success(
            request, _("%(name)sさんに役割を付けました。") % {"name": form.cleaned_data["email"]}
        )
        return redirect("staff-people", city)
    trail = [_home(municipality), (_("職員"), reverse("staff-people", args=[city]))]
    return act_page(
        request,
        municipality,
        form,
        title=_("職員に役割を付ける"),
        trail=trail,
        submit_label=_("役割を付ける"),
    )


@require_POST
def end_role(request, city: str, pk: int):
    municipality = _city(request, city)
    row = get_object_or_404(Staff, pk=pk, municipality=municipality)
    _press(
        request,
        lambda: actions.end_role(row, by=request.user),
        _("役割を終えました。これまでの記録は残ります。"),
    )
    return redirect("staff-people", city)


def _seat(request, city: str, pk: int) -> tuple[Municipality, Staff]:
    """A role of the municipality, for the operator, who alone stops accounts; else 403."""
    municipality = _city(request, city)
    if not is_operator(request.user):
        raise PermissionDenied(_("利用を止めたり再開したりできるのは、運営者だけです。"))
    return municipality, get_object_or_404(Staff, pk=pk, municipality=municipality, ended_at=None)


@require_http_methods(["GET", "HEAD", "POST"])
def stop_person(request, city: str, pk: int):
    municipality, row = _seat(request, city, pk)
    form = StopForm(posted(request))
    if form.is_valid():
        try:
            actions.stop_user(row.user, by=request.user, reason=form.cleaned_data["reason"])
        except StillCarried as error:
            form.add_error(None, _with_way_out(error))
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("%(name)sさんの利用を止めました。") % {"name": row.user.name})
            return redirect("staff-people", city)
    return act_page(
        request,
        municipality,
        form,
        title=_("%(name)sさんの利用を止める") % {"name": row.user.name},
        lead=_(
            "どの自治体・団体としても、サインインできなくなり、お知らせも届かなくなります。記録は残り、いつでも再開できます。"
        ),
        trail=[_home(municipality), (_("職員"), reverse("staff-people", args=[city]))],
        submit_label=_("利用を止める"),
        danger=True,
    )


@require_POST
def restore_person(request, city: str, pk: int):
    _municipality, row = _seat(request, city, pk)
    _press(
        request,
        lambda: actions.restore_user(row.user, by=request.user),
        _("%(name)sさんの利用を再開しました。") % {"name": row.user.name},
    )
    return redirect("staff-people", city)


# --- closing days ------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def closing_days(request, city: str):
    municipality = _city(request, city)
    form = ClosingDayForm(posted(request))

    def act():
        data = form.cleaned_data
        actions.set_closing_day(municipality, data["day"], by=request.user, name=data["name"])

    if form.is_valid() and attempt(form, act):
        messages.success(request, _("休業日を登録しました。これから付ける期限に反映されます。"))
        return redirect("staff-closing-days", city)
    context = {
        "municipality": municipality,
        "page_title": _("休業日"),
        "crumbs": crumbs(municipality, _home(municipality), _("休業日")),
        "rows": ClosingDay.objects.filter(municipality=municipality).order_by("-day"),
        "form": form,
    }
    return render(request, "staff/closing_days.html", context, status=422 if form.errors else 200)


@require_POST
def remove_closing_day(request, city: str, pk: int):
    municipality = _city(request, city)
    row = get_object_or_404(ClosingDay, pk=pk, municipality=municipality)
    _press(request, lambda: actions.remove_closing_day(row, by=request.user), _("休業日を取り消しました。"))
    return redirect("staff-closing-days", city)


# --- limits ------------------------------------------------------------------------------------------------------


def _limit_words(kind: str, stage: str) -> str:
    if (kind, stage) == ("proposal", "acknowledge"):
        return _("提案・受付の返事")
    if kind == "proposal":
        return _("提案・%(stage)s") % {"stage": PROPOSAL[stage].label}
    return _("案件・%(stage)s") % {"stage": CASE[stage].label}


@require_safe
def limits(request, city: str):
    municipality = _city(request, city)
    own = {(row.kind, row.stage): row.days for row in Limit.objects.filter(municipality=municipality)}
    context = {
        "municipality": municipality,
        "page_title": _("期限の目安"),
        "crumbs": crumbs(municipality, _home(municipality), _("期限の目安")),
        "rows": [
            {
                "words": _limit_words(*key),
                "kind": key[0],
                "stage": key[1],
                "days": own.get(key, default),
                "default": default,
                "is_own": key in own and own[key] != default,
            }
            for key, default in DEFAULT_LIMITS.items()
        ],
    }
    return render(request, "staff/limits.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def edit_limit(request, city: str, kind: str, stage: str):
    municipality = _city(request, city)
    if (kind, stage) not in DEFAULT_LIMITS:
        return redirect("staff-limits", city)
    own = Limit.objects.filter(municipality=municipality, kind=kind, stage=stage).first()
    form = LimitForm(posted(request), initial={"days": own.days if own else DEFAULT_LIMITS[kind, stage]})
    if form.is_valid() and attempt(
        form, lambda: set_limit(municipality, kind, stage, form.cleaned_data["days"], by=request.user)
    ):
        messages.success(request, _("期限の目安を変えました。これから付ける期限に反映されます。"))
        return redirect("staff-limits", city)
    trail = [_home(municipality), (_("期限の目安"), reverse("staff-limits", args=[city]))]
    return act_page(
        request,
        municipality,
        form,
        title=_limit_words(kind, stage),
        lead=_("ボールを持ってから、何営業日以内に次へ進めるかです。すでに付いている期限は変わりません。"),
        trail=trail,
        submit_label=_("保存する"),
    )


def _with_way_out(error: StillCarried) -> str:
    """What is still carried, and the way to where it is handed over."""
    return format_html('{} <a href="{}">{}</a>', str(error), error.path, _("引継ぎの画面を開く"))


def _press(request, action, done: str) -> None:
    try:
        action()
    except StillCarried as error:
        messages.error(request, _with_way_out(error))
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)


urlpatterns = [
    path("", settings, name="staff-settings"),
    path("general/", general, name="staff-settings-general"),
    path("departments/", departments, name="staff-departments"),
    path("departments/new/", new_department, name="staff-department-new"),
    path("departments/<int:pk>/", edit_department, name="staff-department"),
    path("departments/<int:pk>/close/", close_department, name="staff-department-close"),
    path("people/", people, name="staff-people"),
    path("people/new/", appoint, name="staff-appoint"),
    path("people/<int:pk>/end/", end_role, name="staff-end-role"),
    path("people/<int:pk>/stop/", stop_person, name="staff-stop-person"),
    path("people/<int:pk>/restore/", restore_person, name="staff-restore-person"),
    path("closing-days/", closing_days, name="staff-closing-days"),
    path("closing-days/<int:pk>/remove/", remove_closing_day, name="staff-closing-day-remove"),
    path("limits/", limits, name="staff-limits"),
    path("limits/<slug:kind>/<slug:stage>/", edit_limit, name="staff-limit"),
]
