"""The import's addresses where the product puts them."""

from django.urls import include, path

from musubi.www.staff import imports
from musubi.www.urls import urlpatterns as product

urlpatterns = [path("<slug:city>/staff/import/", include(imports.urlpatterns)), *product]
