"""The fund's addresses for the secretariat; each module lists its own."""

urlpatterns = []
