"""The settings of the server, from its command line."""

from django.conf import settings

SCOPES = {"openid": "identity", "offline_access": "refresh tokens", "api": "the API"}


def configure(options):
    kept = options.rotation == "kept"
    settings.configure(
        SECRET_KEY="interop",
        ALLOWED_HOSTS=["127.0.0.1"],
        USE_TZ=True,
        ROOT_URLCONF="urls",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
        MIDDLEWARE=["stats.middleware"],
        # Creates the tables from the current models, without their migrations.
        MIGRATION_MODULES={"auth": None, "contenttypes": None, "oauth2_provider": None},
        DATABASES={"default": database(options.state)},
        LOGGING_CONFIG=None,
        OAUTH2_PROVIDER={
            "SCOPES": SCOPES,
            "ACCESS_TOKEN_EXPIRE_SECONDS": options.access_ttl,
            "REFRESH_TOKEN_EXPIRE_SECONDS": 30 * 24 * 60 * 60,
            "ROTATE_REFRESH_TOKEN": not kept,
            "REFRESH_TOKEN_REUSE_PROTECTION": options.reuse == "ends-grant",
        },
    )


def database(state):
    # Writers wait for each other instead of failing.
    options = {"timeout": 20, "transaction_mode": "IMMEDIATE"}
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": state, "OPTIONS": options}
