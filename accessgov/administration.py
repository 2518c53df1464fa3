"""What the administration pages of all apps share: configuration that is saved by actions, and rows that are only read.

Django's admin validates a form, saves the row and then what hangs on it. Here all of it is handed to the app's actions
at once, so that the admin is no second way to change anything; what an action refuses is shown in the form that was
sent, with everything that was typed (docs/adr/0004).
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple, RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, JSONField, Model, OuterRef, Subquery, TextField, URLField
from django.db.models.functions import Coalesce
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.widgets import UnfoldAdminTextareaWidget

from .admin_site import reading

ROWS = 50
MOST_WORDS = 8


class ConfigurationForm(forms.ModelForm):
    """A form that also shows what an action refused."""

    refusal: ValidationError | None = None

    def full_clean(self) -> None:
        """A choice that is no id at all is not shown again: a field to choose from by typing cannot look it up."""
        super().full_clean()
        nonsense = [name for name in self.errors if self.has_error(name, "invalid_choice")]
        if nonsense:
            sent: Any = self.data
            self.data = sent = sent.copy()
            for name in nonsense:
                sent.pop(self.add_prefix(name), None)

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.refusal:
            raise self.placed(self.refusal)
        return cleaned

    def placed(self, refusal: ValidationError) -> ValidationError:
        """Where in the form the refusal is told: above it, as an action's names need not be the form's."""
        return ValidationError(refusal.messages)


class PlainFields:
    """Fields that refer to other rows, without the pop-ups in which those would be changed on the way."""

    formfield_overrides = {
        TextField: {"widget": UnfoldAdminTextareaWidget(attrs={"rows": 3})},
        JSONField: {"widget": UnfoldAdminTextareaWidget(attrs={"rows": 3})},
        URLField: {"assume_scheme": "https"},
    }

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]  # the admin's
        if field and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field


class StackedRows(PlainFields, StackedInline):
    """Rows of a row, one below the other."""

    extra = 0


class TabularRows(PlainFields, TabularInline):
    """Rows of a row, as a table, whose cells are called by the headings of their columns."""

    extra = 0

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field:
            field.widget.attrs.setdefault("aria-label", field.label)
        return field


class SearchedByFewWords:
    """A search of some words at most: each is one more condition on every field, and a thousand break the statement."""

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        few = " ".join(search_term.split()[:MOST_WORDS])
        return super().get_search_results(request, queryset, few)  # type: ignore[misc]  # the admin's


class LookedUp(AutocompleteSelect):
    """A name that is looked up; what was sent and cannot be a key is shown as nothing chosen."""

    def optgroups(self, name: str, value: Sequence[str], attr: dict[str, Any] | None = None) -> list[Any]:
        key = self.field.remote_field.model._meta.pk
        return list(super().optgroups(name, [one for one in value if _is_key(one, key)], attr))


def _is_key(text: str, key: Any) -> bool:
    try:
        key.to_python(text)
    except ValidationError:
        return False
    return True


class ConfigurationAdmin(SearchedByFewWords, PlainFields, ModelAdmin):
    """Rows that are changed on a page, by `apply`, and deleted by `erase`: both call actions and nothing else."""

    form: type[ModelForm] = ConfigurationForm
    list_per_page = ROWS
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    compressed_fields = False
    warn_unsaved_form = True

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **given: Any) -> Any:
        """Where names are looked up while one types, what was sent and is no key is refused, not stumbled over."""
        if "widget" not in given and db_field.name in self.get_autocomplete_fields(request):
            given["widget"] = LookedUp(db_field, self.admin_site, using=given.get("using"))
        return super().formfield_for_foreignkey(db_field, request, **given)

    def apply(self, request: HttpRequest, form: ModelForm, formsets: Sequence[BaseInlineFormSet]) -> None:
        """Have the app's actions save the row of the form, and what the formsets hold."""
        raise NotImplementedError

    def erase(self, request: HttpRequest, row: Any) -> None:
        """Have the app's action delete the row."""
        raise NotImplementedError

    def save_model(self, request: HttpRequest, obj: Model, form: ModelForm, change: bool) -> None:
        """Nothing yet: the row and what hangs on it are saved together."""

    def save_related(
        self, request: HttpRequest, form: ModelForm, formsets: Sequence[BaseInlineFormSet], change: bool
    ) -> None:
        row = form.instance
        row.pk = row.pk or row._meta.pk.get_default()  # formsets take the key of a new row away
        for formset in formsets:
            formset.save(commit=False)
        with _told_in_the_form():
            self.apply(request, form, formsets)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        with _told_in_the_form():
            self.erase(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without Django's deletion of many at once, which asks no action."""
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    def get_deleted_objects(
        self, objs: Iterable[Any], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Only the rows themselves: the action says what stands against it, without loading all that refers to them."""
        return [str(row) for row in objs], {}, set(), []

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.refusal = getattr(request, "refusal", None)
        return form

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except ValidationError as refusal:
            request.refusal = refusal  # type: ignore[attr-defined]  # ours, for the form of the second look
            return super().changeform_view(request, *args, **kwargs)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        try:
            return super().delete_view(request, object_id, extra_context)
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
            return HttpResponseRedirect(page_of(self.model, object_id))


class ReadingAdmin(SearchedByFewWords, ModelAdmin):
    """Rows that are shown here and changed nowhere but by their own actions."""

    list_per_page = ROWS
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    compressed_fields = False
    actions: Sequence[Any] | None = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@contextmanager
def _told_in_the_form() -> Iterator[None]:
    """A right that an action misses is told like anything else that it refuses: nothing that was typed is lost."""
    try:
        yield
    except PermissionDenied as denied:
        raise ValidationError(str(denied), code="denied") from denied


def pick_many(reference: Any, *, label: Any, help_text: Any = "") -> forms.ModelMultipleChoiceField:
    """A form's field to choose many rows by typing, of those that the foreign key `reference` may point to."""
    return forms.ModelMultipleChoiceField(
        queryset=reference.related_model._default_manager.all(),
        widget=AutocompleteSelectMultiple(reference, admin.site),
        required=False,
        label=label,
        help_text=help_text,
    )


def pick_one(reference: Any, *, label: Any, help_text: Any = "") -> forms.ModelChoiceField:
    """A form's field to choose a row by typing, of those that the foreign key `reference` may point to."""
    return forms.ModelChoiceField(
        queryset=reference.related_model._default_manager.all(),
        widget=AutocompleteSelect(reference, admin.site),
        required=False,
        label=label,
        help_text=help_text,
    )


def by(request: HttpRequest) -> dict[str, Any]:
    """Who changes something, and when, as every action asks for it."""
    return {"actor": user_of(request), "now": timezone.now()}


def user_of(request: HttpRequest) -> Any:
    """Whoever is signed in: nobody else sees these pages."""
    return request.user


def page_of(model: type[Model], pk: Any) -> str:
    """The address of a row's page."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[pk])


def opens(model: type[Model]) -> bool:
    """Whether the pages of this model open for whoever reads the page that is being made."""
    request, pages = reading.get(), admin.site._registry.get(model)
    return request is None or bool(pages and pages.has_view_permission(request))


def link_to(row: Model | None) -> SafeString | str:
    """The row's name, leading to its page where that opens."""
    if row is None or not opens(type(row)):
        return "—" if row is None else str(row)
    return format_html('<a href="{}" class="underline">{}</a>', page_of(type(row), row.pk), row)


def list_link(model: type[Model], text: Any, **query: Any) -> SafeString | str:
    """A text that leads to a list, narrowed down, where that opens."""
    if not opens(model):
        return str(text)
    address = reverse(
        f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist",
        query={k: str(v) for k, v in query.items()},
    )
    return format_html('<a href="{}" class="underline">{}</a>', address, text)


def count_of(model: type[Model], *, by: str) -> Coalesce:
    """How many rows of the model refer to each row by this foreign key, for `annotate`."""
    rows = model._default_manager.filter(**{by: OuterRef("pk")}).order_by().values(by)
    return Coalesce(Subquery(rows.annotate(count=Count("*")).values("count")), 0)


def changed_forms(formset: BaseInlineFormSet) -> list[Any]:
    """The forms of rows that are new or changed, in their order, without those that are to go."""
    return [form for form in formset.forms if form.has_changed() and form not in formset.deleted_forms]


def kept_forms(formset: BaseInlineFormSet) -> list[Any]:
    """The forms of rows that are to be there, changed or not."""
    return [form for form in formset.forms if form.cleaned_data and form not in formset.deleted_forms]


def after_dialog(url: str) -> HttpResponse:
    """Leave a dialog, which is sent by htmx, for a page."""
    return HttpResponse(headers={"HX-Redirect": url})
