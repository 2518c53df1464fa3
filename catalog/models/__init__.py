"""What can be asked for, and under which conditions."""

from .incompatibilities import Incompatibility
from .packages import AccessPackage, PackageRole
from .policies import Policy
from .questions import Question
from .resources import Catalog, Resource, ResourceRole, TargetSystem
from .stages import ApprovalStage, StageApprover

__all__ = [
    "AccessPackage",
    "ApprovalStage",
    "Catalog",
    "Incompatibility",
    "PackageRole",
    "Policy",
    "Question",
    "Resource",
    "ResourceRole",
    "StageApprover",
    "TargetSystem",
]
