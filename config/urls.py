from django.urls import include, path

urlpatterns = [path("", include("musubi.www.urls"))]

handler400 = "musubi.www.errors.bad_request"
handler403 = "musubi.www.errors.forbidden"
handler404 = "musubi.www.errors.not_found"
handler500 = "musubi.www.errors.server_error"
