"""The story of what a journey costs: a custom extension says whose cost centre pays, and they agree to it."""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.utils import timezone

from catalog import actions
from catalog.actions import Stage
from catalog.choices import ApproverKind, ApproverUse, LaunchBehaviour
from catalog.models import ApprovalStage, CustomExtension, Policy, StageApprover
from provisioning.models import Connector

from .asking import Wish
from .cost_centres import PATH
from .history import History
from .offer import CRM
from .organisation import ADMINISTRATOR
from .roll import Roll

EXTENSION, TRAVEL = "Cost centres", "Business Travel: Book and Claim"


def tell_travel(history: History, roll: Roll) -> None:
    """It was set up this week; somebody's manager has agreed to a journey, and the extension is called when it can be:
    when the demo has started.
    """
    history.at(history.now - timedelta(days=3), lambda now: _set_up(roll, now))
    travellers = roll.of(["Marketing"])

    def ask(now: datetime) -> None:
        why = "The water industry fair in Porto: three days, with the stand."
        any(Wish(person, TRAVEL, why, after=timedelta(hours=2)).ask(history, now) for person in travellers)

    history.at(history.now - timedelta(hours=6), ask)


def _set_up(roll: Roll, now: datetime) -> None:
    """The manager decides first, then whoever the extension names; Controlling where it names nobody."""
    administrator = roll.person(ADMINISTRATOR)
    policy = Policy.objects.select_related("package__catalog").get(package__name=TRAVEL)
    extension = CustomExtension(
        catalog=policy.package.catalog,
        name=EXTENSION,
        description="Knows who answers for which cost centre. Looked after by Controlling.",
        url=_address(Connector.objects.get(system__name=CRM).base_url),
        behaviour=LaunchBehaviour.WAIT,
    )
    actions.save_custom_extension(extension=extension, actor=administrator, now=now)
    named = StageApprover(kind=ApproverKind.EXTENSION, extension=extension)
    fallback = StageApprover(kind=ApproverKind.PERSON, person=roll.person("team:Controlling"), use=ApproverUse.FALLBACK)
    stages = [
        Stage(ApprovalStage(), [StageApprover(kind=ApproverKind.MANAGER)]),
        Stage(ApprovalStage(), [named, fallback]),
    ]
    actions.save_policy(policy=policy, stages=stages, actor=administrator, now=now)


def secret() -> str:
    """What the extension's calls are signed with; empty where there is none."""
    extension = CustomExtension.objects.filter(name=EXTENSION).first()
    return extension.unsealed_secret() if extension else ""


def move(*, base_url: str) -> None:
    """The program is at another address from now on."""
    for extension in CustomExtension.objects.filter(name=EXTENSION).select_related("catalog"):
        extension.url = _address(base_url)
        actions.save_custom_extension(extension=extension, actor=None, now=timezone.now())


def _address(base_url: str) -> str:
    return f"http://{urlsplit(base_url).netloc}{PATH}"
