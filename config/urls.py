from django.urls import include, path

urlpatterns = [path("", include("musubi.www.urls"))]

handler400 = "musubi.www.views.errors.bad_request"
handler403 = "musubi.www.views.errors.forbidden"
handler404 = "musubi.www.views.errors.not_found"
handler500 = "musubi.www.views.errors.server_error"
