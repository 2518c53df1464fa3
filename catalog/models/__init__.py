"""What can be asked for, and under which conditions."""

from .incompatibilities import Incompatibility
from .packages import AccessPackage, PackageRole
from .policies import ApprovalStage, Policy, Question, StageApprover
from .resources import Catalog, Resource, ResourceRole, TargetSystem

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
