"""The basket: several packages asked for together, each with what its policy asks, each judged by itself."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import MultipleChoiceField
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.languages import languages_of
from catalog.models import AccessPackage, Policy
from directory.models import User

from .. import actions
from ..actions.baskets import MOST, Wish
from ..basket_forms import CommonReasonForm, PolicyForm
from ..forms import AskForm
from ..models import AccessRequest, BasketItem
from .base import SignedInRequest, SignedInView

COMMON = "justification"


@dataclass(frozen=True)
class Entry:
    """One package in the basket: the policies to choose from, the chosen one, and what it asks."""

    item: BasketItem
    policies: list[Policy]
    choice: PolicyForm | None
    """Where there is one to be made."""
    policy: Policy | None
    form: AskForm | None

    @property
    def is_filled_in(self) -> bool:
        """Whether it can be asked for as it is."""
        return self.form is not None and self.form.is_valid()

    @property
    def what_is_missing(self) -> str:
        """Why it cannot be asked for as it is."""
        if not self.policies:
            return _("No policy lets you ask for it any more.")
        if self.form is None:
            return _("Choose one of the policies that apply to you.")
        fields = [str(self.form.fields[name].label) for name in self.form.errors if name in self.form.fields]
        return _("Still missing or wrong: %(fields)s") % {"fields": get_text_list(fields, _("and"))}


class BasketView(SignedInView):
    """What I mean to ask for; saved, asked for together, or taken out again."""

    def get(self, request: SignedInRequest) -> HttpResponse:
        return self._page([_entry(item, policies, person=request.user) for item, policies in _contents(request.user)])

    def post(self, request: SignedInRequest) -> HttpResponse:
        if pk := _uuid_of(request.POST.get("remove", "")):
            return self._remove(pk)
        sent = _with_the_common_reason(request.POST)
        entries = [
            _entry(item, policies, person=request.user, sent=sent, languages=languages_of(request.headers))
            for item, policies in _contents(request.user)
        ]
        for entry in entries:
            _keep(entry, sent=sent, person=request.user)
        if request.POST.get("do") != "ask":
            messages.success(request, _("Your basket is kept as it is."))
            return redirect("requests:basket")
        return self._ask(entries)

    def _ask(self, entries: list[Entry]) -> HttpResponse:
        ready = [entry for entry in entries if entry.is_filled_in]
        if not entries:
            messages.info(self.request, _("Your basket is empty: it was asked for already."))
            return redirect("requests:mine")
        if not ready:
            return self._page(entries, status=422)
        basket, outcomes = actions.ask_together(
            wishes=[_wish(entry) for entry in ready],
            actor=self.request.user,
            languages=languages_of(self.request.headers),
            now=timezone.now(),
        )
        for entry in entries:
            if entry not in ready:
                actions.refuse_in_basket(item=entry.item, why=entry.what_is_missing, basket=basket)
        if not outcomes:
            messages.info(self.request, _("Your basket was asked for already."))
            return redirect("requests:mine")
        return redirect("requests:asked_together", basket)

    def _remove(self, pk: UUID) -> HttpResponse:
        item = BasketItem.objects.filter(person=self.request.user, pk=pk).select_related("package").first()
        if item:
            actions.take_out_of_basket(item=item, actor=self.request.user)
            messages.success(self.request, _("%(package)s is no longer in your basket.") % {"package": item.package})
        return redirect("requests:basket")

    def _page(self, entries: list[Entry], *, status: int = 200) -> HttpResponse:
        context = {"entries": entries, "most": MOST, "common": CommonReasonForm()}
        return render(self.request, "requests/basket.html", context, status=status)


class PutInBasketView(SignedInView):
    """Puts a package in my basket, and leads back to where I was."""

    http_method_names = ["post", "options"]

    def post(self, request: SignedInRequest) -> HttpResponse:
        visible = AccessPackage.objects.visible_to(request.user)
        package = get_object_or_404(visible, pk=_uuid_of(request.POST.get("package", "")))
        try:
            actions.put_in_basket(package=package, actor=request.user, now=timezone.now())
        except ValidationError as error:
            messages.warning(request, error.messages[0])
            return redirect("requests:basket")
        messages.success(request, _("%(package)s is in your basket.") % {"package": package})
        back = request.POST.get("next", "")
        is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=False)
        return redirect(back if is_ours else "requests:basket")


class AskedTogetherView(SignedInView):
    """What came of each package that I asked for together."""

    def get(self, request: SignedInRequest, basket: UUID) -> HttpResponse:
        asked = list(AccessRequest.objects.of(request.user).filter(basket=basket).with_deciders())
        left = list(BasketItem.objects.filter(person=request.user, basket=basket).select_related("package"))
        if not (asked or left):
            raise Http404
        number = len(asked)
        said = ngettext("You asked for %(count)d package", "You asked for %(count)d packages", number)
        context = {"access_requests": asked, "left": left, "title": said % {"count": number}}
        return render(request, "requests/asked_together.html", context)


def _contents(person: User) -> list[tuple[BasketItem, list[Policy]]]:
    """What is in the basket, each with the policies to choose from, by a fixed number of statements."""
    items = list(BasketItem.objects.filter(person=person).select_related("package__catalog", "policy"))
    is_open = AccessPackage.objects.open_to_requests(person).filter(pk__in=[item.package_id for item in items])
    found: defaultdict[UUID, list[Policy]] = defaultdict(list)
    for policy in Policy.objects.applicable(person).filter(package__in=is_open).complete() if items else ():
        found[policy.package_id].append(policy)
    return [(item, found[item.package_id]) for item in items]


def _entry(
    item: BasketItem,
    policies: list[Policy],
    *,
    person: User,
    sent: QueryDict | None = None,
    languages: list[str] | None = None,
) -> Entry:
    """An entry as it was sent, or as it was filled in before."""
    kept = str(item.policy_id or "")
    choice = None
    if len(policies) > 1:
        choice = PolicyForm(sent, policies=policies, prefix=str(item.pk), initial={"policy": kept})
    wanted = kept if sent is None else sent.get(f"{item.pk}-policy", kept)
    named = [policy for policy in policies if choice is None or str(policy.pk) == wanted]
    if not named:
        return Entry(item, policies, choice=choice, policy=None, form=None)
    form = AskForm(sent, policy=named[0], person=person, languages=languages or [], prefix=str(item.pk))
    if sent is None:
        _fill_in(form, item.given)
    return Entry(item, policies, choice=choice, policy=named[0], form=form)


def _fill_in(form: AskForm, given: Mapping[str, list[str]]) -> None:
    for name, values in given.items():
        field = form.fields.get(name)
        if field and values and not field.disabled:
            form.initial[name] = values if isinstance(field, MultipleChoiceField) else values[0]


def _with_the_common_reason(posted: QueryDict) -> QueryDict:
    """What was sent, with the one reason for all wherever an entry has none of its own."""
    sent = posted.copy()
    common = sent.get(COMMON, "").strip()
    for name in [name for name in sent if name.endswith(f"-{COMMON}")]:
        if common and not str(sent[name]).strip():
            sent[name] = common
    return sent


def _keep(entry: Entry, *, sent: QueryDict, person: User) -> None:
    prefix = f"{entry.item.pk}-"
    given = {name.removeprefix(prefix): sent.getlist(name) for name in sent if name.startswith(prefix)}
    given.pop("policy", None)
    actions.fill_in(item=entry.item, actor=person, policy=entry.policy, given=given)


def _wish(entry: Entry) -> Wish:
    form: Any = entry.form
    return Wish(
        package=entry.item.package,
        policy=entry.policy,
        justification=form.cleaned_data["justification"],
        answers=form.answers,
        period=form.period,
        item=entry.item,
    )


def _uuid_of(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
