"""The clients that the server knows; ../clients.mjs has the same ones."""

from django.contrib.auth import get_user_model
from oauth2_provider.models import get_application_model

REDIRECT_URI = "https://client.example/callback"
ACCOUNT = "test-account"

WITH_CONSENT = "authorization-code"
OF_ITS_OWN = "client-credentials"
CLIENTS = [
    ("web", "client_secret_basic", "web-secret", WITH_CONSENT),
    ("post", "client_secret_post", "post-secret", WITH_CONSENT),
    ('client:with space/%+=&?#;,"', "client_secret_basic", 'se:cr et/%2B+=&?#;,"~*\\', WITH_CONSENT),
    ("m2m", "client_secret_basic", "m2m-secret", OF_ITS_OWN),
]


def register():
    get_user_model().objects.get_or_create(username=ACCOUNT)
    for client_id, _, secret, grant_type in CLIENTS:
        get_application_model().objects.get_or_create(
            client_id=client_id,
            defaults={
                "client_secret": secret,
                # Hashing it at each request would cost more than the exchange.
                "hash_client_secret": False,
                "client_type": "confidential",
                "authorization_grant_type": grant_type,
                "redirect_uris": REDIRECT_URI,
            },
        )


def described():
    """The part of the clients that the ready line describes."""
    return [
        {
            "id": client_id,
            "secret": secret,
            "method": method,
            "grant_types": grant_types(grant_type),
            "redirect_uri": REDIRECT_URI if grant_type == WITH_CONSENT else None,
        }
        for client_id, method, secret, grant_type in CLIENTS
    ]


def grant_types(grant_type):
    if grant_type == OF_ITS_OWN:
        return ["client_credentials"]
    return ["authorization_code", "refresh_token"]
