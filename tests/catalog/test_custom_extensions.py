"""Custom extensions as they are set up: whose they are, which addresses they may have, when policies call them."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test.utils import CaptureQueriesContext

from accessgov import signatures
from audit.models import Event
from catalog import actions
from catalog.actions import Stage
from catalog.choices import ApproverKind, ApproverUse, CalloutMoment, DelegatedRole, LaunchBehaviour
from catalog.models import AccessPackage, ApprovalStage, Catalog, CustomExtension, Policy, PolicyCallout, StageApprover
from catalog.models.custom_extensions import GRACE
from catalog.wording import policy_in_words
from tests.cast import NOW


def new(cast, **fields):
    values = {"catalog": cast.catalog, "name": "Ticketing", "url": "https://tickets.example/hook", **fields}
    return CustomExtension(**values)


def save(extension, actor, **more):
    return actions.save_custom_extension(extension=extension, actor=actor, now=NOW, **more)


@pytest.fixture
def extension(cast):
    return save(new(cast), cast.ada)


@pytest.fixture
def policy(cast):
    return cast.policy(cast.package("Sales: Standard Access", cast.role("Sales EMEA")[1]))


def told():
    return [event.sentence for event in Event.objects.order_by("id")]


def test_its_secret_is_made_kept_encrypted_and_told_to_nobody(cast, extension):
    assert signatures.key_of(extension.unsealed_secret())
    assert extension.unsealed_secret() not in extension.sealed_secret
    save(extension, cast.ada)
    assert extension.unsealed_secret() == CustomExtension.objects.get().unsealed_secret(), "saving keeps it"
    before = extension.unsealed_secret()
    save(extension, cast.ada, secret=signatures.new_secret())
    assert extension.unsealed_secret() != before
    assert "a new one" in told()[-1]
    assert not any(secret in " ".join(told()) for secret in (before, extension.unsealed_secret()))


def test_a_secret_that_is_replaced_holds_for_another_day_and_no_longer(cast, extension):
    old, new_one = extension.unsealed_secret(), signatures.new_secret()
    save(extension, cast.ada, secret=new_one)
    save(extension, cast.ada)
    extension.refresh_from_db()
    assert extension.valid_secrets(NOW + GRACE - timedelta(seconds=1)) == [new_one, old]
    assert extension.valid_secrets(NOW + GRACE) == [new_one]
    assert "until 2026-03-03 09:00 UTC" in " ".join(told())
    assert old not in extension.former_sealed_secret


def test_a_secret_that_leaked_ends_at_once(cast, extension):
    new_one = signatures.new_secret()
    save(extension, cast.ada, secret=new_one, grace=timedelta(0))
    assert extension.valid_secrets(NOW) == [new_one]
    assert extension.former_sealed_secret == ""


def test_a_secret_in_its_address_is_not_told_either_only_that_it_is_another(cast, extension):
    for signature in ("sesame", "open"):
        extension.url = f"https://tickets.example/hook?sig={signature}"
        save(extension, cast.ada)
    assert "sesame" not in " ".join(told())
    assert len(told()) == 3


@pytest.mark.parametrize("secret", ["short", "whsec_c2hvcnQ=", "not base64"])
def test_a_weak_secret_is_refused(cast, secret):
    with pytest.raises(ValidationError, match="24 to 64 bytes"):
        save(new(cast), cast.ada, secret=secret)


@pytest.mark.parametrize(
    "url", ["http://tickets.example/hook", "https://10.0.0.1/", "https://u:p@tickets.example/", "x"]
)
def test_an_address_that_may_not_be_called_is_refused(cast, url):
    with pytest.raises(ValidationError):
        save(new(cast, url=url), cast.ada)
    assert not CustomExtension.objects.exists()


@pytest.mark.parametrize("hours", [0, 337])
def test_it_is_waited_for_an_hour_at_least_and_14_days_at_most(cast, hours):
    with pytest.raises(ValidationError):
        save(new(cast, time_limit_hours=hours), cast.ada)


def test_owners_of_the_catalog_configure_it_and_nobody_else(cast):
    actions.grant_role(given=_role(cast, cast.olga, DelegatedRole.CATALOG_OWNER), actor=cast.ada, now=NOW)
    actions.grant_role(given=_role(cast, cast.charlie, DelegatedRole.PACKAGE_MANAGER), actor=cast.ada, now=NOW)
    extension = save(new(cast), cast.olga)
    for act in (save, lambda row, who: actions.delete_custom_extension(extension=row, actor=who, now=NOW)):
        with pytest.raises(PermissionDenied):
            act(extension, cast.charlie)
    actions.delete_custom_extension(extension=extension, actor=cast.olga, now=NOW)
    assert "deleted the custom extension Ticketing" in told()[-1]


def test_package_managers_attach_it_which_makes_a_new_version_and_says_so(cast, extension, policy):
    actions.grant_role(given=_role(cast, cast.charlie, DelegatedRole.PACKAGE_MANAGER), actor=cast.ada, now=NOW)
    row = PolicyCallout(policy=policy, moment=CalloutMoment.CREATED, extension=extension)
    actions.save_policy(policy=policy, actor=cast.charlie, now=NOW, callouts=[row])
    assert policy.version == 2
    assert "Ticketing" in told()[-1]
    complete = Policy.objects.complete().get()
    assert complete.has_callouts
    assert "calls Ticketing (a request is submitted, before anybody decides)" in policy_in_words(complete)
    CustomExtension.objects.update(behaviour=LaunchBehaviour.WAIT)
    assert "its answer is waited for" in policy_in_words(Policy.objects.complete().get())


def test_a_policy_without_extensions_is_said_without_another_statement(cast, policy):
    from django.db import connection

    complete = Policy.objects.complete().get()
    with CaptureQueriesContext(connection) as asked:
        policy_in_words(complete)
    assert not [query for query in asked if "callout" in query["sql"]]


def test_what_is_called_is_not_deleted_and_does_not_leave_its_catalog(cast, extension, policy):
    row = PolicyCallout(policy=policy, moment=CalloutMoment.CREATED, extension=extension)
    actions.save_policy(policy=policy, actor=cast.ada, now=NOW, callouts=[row])
    with pytest.raises(ValidationError, match="refer to it"):
        actions.delete_custom_extension(extension=extension, actor=cast.ada, now=NOW)
    extension.catalog = Catalog.objects.create(name="Finance", description="Money")
    with pytest.raises(ValidationError, match="stays in its catalog"):
        save(extension, cast.ada)


@pytest.mark.parametrize("named_by", ["a callout", "a stage"])
def test_a_package_does_not_move_away_from_the_extensions_that_its_policies_name(cast, extension, policy, named_by):
    if named_by == "a callout":
        callouts, stages = [PolicyCallout(policy=policy, moment=CalloutMoment.CREATED, extension=extension)], None
    else:
        asked = StageApprover(kind=ApproverKind.EXTENSION, extension=extension)
        callouts, stages = None, [Stage(ApprovalStage(), [asked])]
    actions.save_policy(policy=policy, actor=cast.ada, now=NOW, callouts=callouts, stages=stages)
    package = AccessPackage.objects.get(pk=policy.package_id)
    package.package_roles.all().delete()
    package.catalog = Catalog.objects.create(name="Finance", description="Money")
    with pytest.raises(ValidationError) as refusal:
        actions.save_package(package=package, actor=cast.ada, now=NOW)
    said = f"The policy “{policy}” names extensions of Sales: Ticketing. Take them out of it before the package moves."
    assert refusal.value.message_dict == {"catalog": [said]}
    assert AccessPackage.objects.get().catalog == cast.catalog


def test_a_policy_calls_only_what_its_own_catalog_owns(cast, policy):
    elsewhere = Catalog.objects.create(name="Finance", description="Money")
    stranger = save(new(cast, catalog=elsewhere), cast.ada)
    row = PolicyCallout(policy=policy, moment=CalloutMoment.CREATED, extension=stranger)
    with pytest.raises(ValidationError, match="another catalog"):
        actions.save_policy(policy=policy, actor=cast.ada, now=NOW, callouts=[row])
    stage = Stage(ApprovalStage(), [StageApprover(kind=ApproverKind.EXTENSION, extension=stranger)])
    with pytest.raises(ValidationError, match="another catalog"):
        actions.save_policy(policy=policy, actor=cast.ada, now=NOW, stages=[stage])


def test_who_decides_is_asked_by_a_stage_and_not_beside_it(cast, extension, policy):
    row = PolicyCallout(policy=policy, moment=CalloutMoment.WHO_DECIDES, extension=extension)
    with pytest.raises(ValidationError, match="asked by a stage"):
        actions.save_policy(policy=policy, actor=cast.ada, now=NOW, callouts=[row])


@pytest.mark.parametrize(
    "others",
    [
        [StageApprover(kind=ApproverKind.MANAGER)],
        [StageApprover(use=ApproverUse.FALLBACK, kind=ApproverKind.EXTENSION)],
    ],
)
def test_an_extension_decides_alone_and_first_who_decides(cast, extension, policy, others):
    for one in others:
        one.extension = extension if one.kind == ApproverKind.EXTENSION else None
    asked = StageApprover(kind=ApproverKind.EXTENSION, extension=extension)
    with pytest.raises(ValidationError, match="extension"):
        actions.save_policy(policy=policy, actor=cast.ada, now=NOW, stages=[Stage(ApprovalStage(), [asked, *others])])


def test_a_stage_says_that_an_extension_names_those_who_decide(cast, extension, policy):
    asked = StageApprover(kind=ApproverKind.EXTENSION, extension=extension)
    actions.save_policy(policy=policy, actor=cast.ada, now=NOW, stages=[Stage(ApprovalStage(), [asked])])
    assert "whoever Ticketing names decides within 14 days" in policy_in_words(Policy.objects.complete().get())


def _role(cast, person, role):
    from catalog.models import RoleAssignment

    return RoleAssignment(catalog=cast.catalog, person=person, role=role)
