"""Looking for people on pages: what was searched for, who is called so, and whom the address names."""

from uuid import UUID

from django.db.models import Q

from directory.models import User

from .base import SignedInRequest

MOST_FOUND = 10
LONGEST_SEARCH = 200


def searched(request: SignedInRequest) -> str:
    """The words that were searched for."""
    return request.GET.get("q", "").strip()[:LONGEST_SEARCH]


def called(words: str, *, prefix: str = "") -> Q:
    """People in whose name, username or address the words occur."""
    names = ("display_name", "username", "email")
    return Q(*((f"{prefix}{name}__icontains", words) for name in names), _connector=Q.OR)


def people_called(words: str) -> list[User]:
    """The first few enabled people who are called so, and one more where there are more; nobody for no words."""
    found = User.objects.enabled().filter(called(words)).order_by("display_name", "pk")
    return list(found[: MOST_FOUND + 1]) if words else []


def named_person(request: SignedInRequest) -> User | None:
    """The enabled person whom the address names; nobody where the id makes no sense."""
    try:
        pk = UUID(request.GET.get("person", ""))
    except ValueError:
        return None
    return User.objects.enabled().select_related("manager").filter(pk=pk).first()
