"""An action that breaks off between any two postings, as a machine that loses its power does."""

from collections.abc import Callable

import pytest
from django.apps import apps

from musubi.fund.models import Posting


class PowerCut(Exception):
    pass


def everything() -> dict[str, list[tuple]]:
    """Every row of the fund, of the journal and of the numbering."""
    models = [*apps.get_app_config("fund").get_models(), *apps.get_app_config("journal").get_models()]
    models.append(apps.get_model("people", "Numbering"))
    return {model._meta.label: sorted(model._base_manager.values_list(), key=str) for model in models}


def interrupted_at_each_posting(act: Callable[[], object]) -> int:
    """Break `act` off before its first posting, its second, and so on, and see that nothing of it stayed each time; then
    let it run. Returns how many postings it writes. `act` reads its rows anew each time."""
    create = Posting.objects.create
    number = 0
    while True:
        written = 0

        def counted(*, stop=number, **words):
            nonlocal written
            if written == stop:
                raise PowerCut
            written += 1
            return create(**words)

        before = everything()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Posting.objects, "create", counted)
            try:
                act()
            except PowerCut:
                assert everything() == before
                number += 1
                continue
        assert written == number
        return written
