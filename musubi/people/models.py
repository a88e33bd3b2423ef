"""Who is here: municipalities and their departments, people, organisations and what ties them together."""

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from musubi.lib.records import PeersManager, Record
from musubi.people.states import MEMBERSHIP


class UserManager(PeersManager, BaseUserManager):
    def create_user(self, email: str, password: str | None = None, **fields) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields) -> "User":
        return self.create_user(email, password, is_operator=True, **fields)

    def get_by_natural_key(self, email: str) -> "User":
        return self.get(email=email.lower())


class User(AbstractBaseUser):
    """A person with an account. What they may do follows from their staff roles and representations."""

    email = models.EmailField(_("メールアドレス"), unique=True)
    name = models.CharField(_("氏名"), max_length=80)
    language = models.CharField(_("画面の言語"), max_length=5, default="ja")
    is_active = models.BooleanField(_("有効"), default=True)
    is_operator = models.BooleanField(
        _("運営者"), default=False, help_text=_("この設置環境そのものを管理する人")
    )
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]
    objects = UserManager()

    class Meta:
        verbose_name = _("利用者")

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return str(self)

    def journal_name(self) -> dict:
        return {"title": str(self)}


class Municipality(Record):
    """The tenant: a city, ward, town or prefecture."""

    code = models.CharField(_("全国地方公共団体コード"), max_length=6, unique=True)
    slug = models.SlugField(_("アドレスの名前"), max_length=40, unique=True)
    name = models.CharField(_("名称"), max_length=60)
    name_en = models.CharField(_("英語名"), max_length=80, blank=True)
    prefecture = models.CharField(_("都道府県"), max_length=10)
    lead = models.TextField(_("紹介文"), blank=True)
    lead_en = models.TextField(_("紹介文(英語)"), blank=True)
    contact = models.CharField(_("公開の問い合わせ先"), max_length=200, blank=True)
    hue = models.CharField(_("差し色"), max_length=20, default="ai", help_text=_("画面の差し色の名前"))
    members_need_approval = models.BooleanField(_("会員の申込みをデスクが確認する"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("自治体")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name

    @property
    def display_name(self) -> str:
        return self.name_en if get_language() == "en" and self.name_en else self.name

    @property
    def display_lead(self) -> str:
        return self.lead_en if get_language() == "en" and self.lead_en else self.lead

    @property
    def municipality_id(self) -> int:
        return self.pk

    def journal_name(self) -> dict:
        return {"municipality": self.code, "ref": self.slug, "title": self.name}


class ClosingDay(Record):
    """A day on which this municipality does no business, beside weekends and national holidays."""

    municipality = models.ForeignKey(Municipality, models.CASCADE, related_name="closing_days")
    day = models.DateField(_("休業日"))
    name = models.CharField(_("理由"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("休業日")
        ordering = ["day"]
        constraints = [models.UniqueConstraint(fields=["municipality", "day"], name="one_closing_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.name}"

    def journal_name(self) -> dict:
        return {"municipality": self.municipality.code, "title": str(self)}


class Department(Record):
    """A section of a municipality. The one marked `is_desk` receives, routes and follows everything."""

    municipality = models.ForeignKey(Municipality, models.PROTECT, related_name="departments")
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    name = models.CharField(_("名称"), max_length=80)
    name_en = models.CharField(_("英語名"), max_length=120, blank=True)
    duties = models.TextField(_("担当する仕事"), blank=True, help_text=_("照会先の候補を選ぶときに使います"))
    manager = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="manages")
    is_desk = models.BooleanField(_("公民連携デスク"), default=False)
    is_active = models.BooleanField(_("有効"), default=True)
    position = models.PositiveSmallIntegerField(_("並び順"), default=0)

    class Meta:
        verbose_name = _("部署")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["municipality", "name"], name="department_name_once"),
            models.UniqueConstraint(fields=["municipality"], condition=Q(is_desk=True), name="one_desk"),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="department_not_its_own_parent"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def display_name(self) -> str:
        return self.name_en if get_language() == "en" and self.name_en else self.name

    @property
    def department_ids(self) -> tuple[int, ...]:
        return (self.pk,)

    def journal_name(self) -> dict:
        return {"municipality": self.municipality.code, "title": self.name}


class Staff(Record):
    """A person's role in a municipality. A row is ended, never deleted: the record needs to know who was who."""

    class Role(models.TextChoices):
        DESK = "desk", _("デスク職員")
        OFFICER = "officer", _("部署の職員")
        MANAGER = "manager", _("部署の管理職")
        ADMINISTRATOR = "administrator", _("自治体管理者")
        AUDITOR = "auditor", _("監査担当")

    user = models.ForeignKey(User, models.PROTECT, related_name="staff")
    municipality = models.ForeignKey(Municipality, models.PROTECT, related_name="staff")
    department = models.ForeignKey(Department, models.PROTECT, null=True, blank=True, related_name="staff")
    role = models.CharField(_("役割"), max_length=20, choices=Role)
    ended_at = models.DateTimeField(_("終了日時"), null=True, blank=True)

    class Meta:
        verbose_name = _("職員")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "municipality", "department", "role"],
                condition=Q(ended_at=None, department__isnull=False),
                name="one_live_role_in_a_department",
            ),
            models.UniqueConstraint(
                fields=["user", "municipality", "role"],
                condition=Q(ended_at=None, department=None),
                name="one_live_role_in_a_municipality",
            ),
            models.CheckConstraint(
                condition=~Q(role__in=["officer", "manager"]) | Q(department__isnull=False),
                name="officers_have_a_department",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.get_role_display()}"

    def journal_name(self) -> dict:
        return {"municipality": self.municipality.code, "title": str(self)}


class Organisation(Record):
    """The other side: a company, NPO, university, research institute, residents' group or sole proprietor."""

    class Kind(models.TextChoices):
        COMPANY = "company", _("企業")
        NPO = "npo", _("NPO・公益団体")
        UNIVERSITY = "university", _("大学・学校")
        RESEARCH = "research", _("研究機関")
        COMMUNITY = "community", _("地域団体")
        SOLE = "sole", _("個人事業主")

    class Size(models.TextChoices):
        """By how many people work there: what keeps a large one from burying the small is measured by it."""

        MICRO = "micro", _("5人以下")
        SMALL = "small", _("6〜20人")
        MEDIUM = "medium", _("21〜300人")
        LARGE = "large", _("301人以上")

    corporate_number = models.CharField(_("法人番号"), max_length=13, null=True, blank=True, unique=True)
    kind = models.CharField(_("種別"), max_length=20, choices=Kind)
    name = models.CharField(_("団体名"), max_length=120)
    name_kana = models.CharField(_("団体名(カナ)"), max_length=160, blank=True)
    name_en = models.CharField(_("英語名"), max_length=160, blank=True)
    name_key = models.CharField(
        max_length=120, db_index=True, editable=False, help_text="folded name, for comparing"
    )
    size = models.CharField(
        _("規模"), max_length=10, choices=Size, blank=True, help_text=_("働いている人の数")
    )
    prefecture = models.CharField(_("都道府県"), max_length=10, blank=True)
    address = models.CharField(_("所在地"), max_length=200, blank=True)
    url = models.URLField(_("ウェブサイト"), blank=True)
    description = models.TextField(_("団体の紹介"), blank=True)
    founded_on = models.DateField(_("設立日"), null=True, blank=True)
    created_at = models.DateTimeField(_("登録日時"))

    class Meta:
        verbose_name = _("団体")
        ordering = ["name_key", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def display_name(self) -> str:
        return self.name_en if get_language() == "en" and self.name_en else self.name

    @property
    def searchable(self) -> str:
        return " ".join(
            filter(None, [self.name, self.name_kana, self.name_en, self.description, self.address])
        )

    @property
    def organisation_ids(self) -> tuple[int, ...]:
        return (self.pk,)

    def journal_name(self) -> dict:
        return {"ref": self.corporate_number or "", "title": self.name}


class Representative(Record):
    """A person who acts for an organisation, in every municipality at once."""

    user = models.ForeignKey(User, models.PROTECT, related_name="represents")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="representatives")
    is_owner = models.BooleanField(
        _("責任者"), default=False, help_text=_("ほかの担当者を招き、外すことができます")
    )
    ended_at = models.DateTimeField(_("終了日時"), null=True, blank=True)

    class Meta:
        verbose_name = _("団体の担当者")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organisation"], condition=Q(ended_at=None), name="represents_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.organisation} {self.user}"

    def journal_name(self) -> dict:
        return {"title": str(self)}


class Member(Record):
    """An organisation that has joined (or asked to join) one municipality's platform."""

    municipality = models.ForeignKey(Municipality, models.PROTECT, related_name="members")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="memberships")
    state = models.CharField(_("状態"), max_length=12, choices=MEMBERSHIP.choices, default="applied")
    message = models.TextField(_("参加の目的"), blank=True)
    applied_at = models.DateTimeField(_("申込日時"))
    joined_on = models.DateField(_("入会日"), null=True, blank=True)
    left_on = models.DateField(_("退会日"), null=True, blank=True)
    reason = models.TextField(_("理由"), blank=True)

    class Meta:
        verbose_name = _("会員")
        constraints = [
            models.UniqueConstraint(fields=["municipality", "organisation"], name="member_once"),
            models.CheckConstraint(
                condition=~Q(state="active") | Q(joined_on__isnull=False),
                name="members_joined_on_a_day",
            ),
        ]
        indexes = [models.Index(fields=["municipality", "state", "joined_on"], name="member_list")]

    def __str__(self) -> str:
        return f"{self.municipality} {self.organisation}"

    @property
    def organisation_ids(self) -> tuple[int, ...]:
        return (self.organisation_id,)

    def journal_name(self) -> dict:
        return {"municipality": self.municipality.code, "title": self.organisation.name}


class Numbering(Record):
    """The last number given, per municipality, kind and fiscal year. Counted up inside the action that uses it."""

    municipality = models.ForeignKey(Municipality, models.CASCADE)
    kind = models.CharField(max_length=20)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["municipality", "kind", "year"], name="numbering_once")
        ]

    def __str__(self) -> str:
        return f"{self.municipality_id} {self.kind} {self.year} {self.last}"
