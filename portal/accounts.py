"""How people sign in: accounts come from the directory, never from a sign-up form."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedSignUp(DefaultAccountAdapter):
    """Nobody creates an account for themselves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
