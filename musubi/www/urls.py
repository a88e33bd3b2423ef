"""The addresses, by audience. They are part of the product: people bookmark them and print them.

`<slug:city>` comes after every fixed first word; `people.rules.RESERVED_SLUGS` keeps municipalities from
taking one of those words.
"""

from django.conf import settings
from django.urls import include, path

from musubi.www.gallery import gallery

urlpatterns = [
    path("accounts/", include("musubi.www.accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("my/", include("musubi.www.partner.urls")),
    path("<slug:city>/staff/", include("musubi.www.staff.urls")),
    path("<slug:city>/committee/", include("musubi.www.committee.urls")),
    path("", include("musubi.www.public.urls")),
]
if settings.DEBUG or settings.DEMO:
    urlpatterns.insert(0, path("gallery/", gallery, name="gallery"))
