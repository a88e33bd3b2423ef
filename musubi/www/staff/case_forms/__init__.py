"""The forms of the case page, by topic. Each knows the one action it carries out; the page lists them all."""

from musubi.www.staff.case_forms.base import CaseForm, parties, party
from musubi.www.staff.case_forms.meetings import MeetingForm, OfferForm, TodoForm
from musubi.www.staff.case_forms.moving import (
    AdoptionForm,
    AdvanceForm,
    BallForm,
    CloseForm,
    NudgeForm,
    PauseForm,
    ResumeForm,
)
from musubi.www.staff.case_forms.opening import ContactForm
from musubi.www.staff.case_forms.outcomes import OutcomeForm, StoryForm
from musubi.www.staff.case_forms.parties import DepartmentForm, OrganisationForm, OwnerForm
from musubi.www.staff.case_forms.talking import FileForm, NoteForm, SayForm

FORMS: dict[str, type[CaseForm]] = {
    form.code: form
    for form in (
        SayForm,
        NoteForm,
        MeetingForm,
        OfferForm,
        TodoForm,
        FileForm,
        BallForm,
        NudgeForm,
        AdvanceForm,
        PauseForm,
        ResumeForm,
        CloseForm,
        AdoptionForm,
        OwnerForm,
        DepartmentForm,
        OrganisationForm,
        OutcomeForm,
    )
}

__all__ = ["FORMS", "CaseForm", "ContactForm", "StoryForm", "parties", "party"]
