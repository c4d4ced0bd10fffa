"""The endpoints of django-oauth-toolkit that a client uses."""

from django.urls import path
from oauth2_provider import views

urlpatterns = [
    path("o/token/", views.TokenView.as_view(), name="token"),
    path("o/revoke_token/", views.RevokeTokenView.as_view(), name="revoke"),
    path("o/introspect/", views.IntrospectTokenView.as_view(), name="introspect"),
]
