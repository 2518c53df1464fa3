"""The verbs that the portal records."""

from django.utils.translation import gettext_lazy as _

from audit.verbs import define

TOKEN_CREATED = define("token.created", _("{actor} created the API token {token}…"))
TOKEN_REVOKED = define("token.revoked", _("{actor} revoked the API token {token}…"))
