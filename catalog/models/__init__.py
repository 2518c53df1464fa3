"""What can be asked for, and under which conditions."""

from .custom_extensions import CustomExtension, PolicyCallout
from .incompatibilities import Incompatibility
from .packages import AccessPackage, PackageRole
from .policies import Policy
from .questions import Question
from .resources import Catalog, Resource, ResourceRole, TargetSystem
from .role_assignments import RoleAssignment
from .stages import ApprovalStage, StageApprover

__all__ = [
    "AccessPackage",
    "ApprovalStage",
    "Catalog",
    "CustomExtension",
    "Incompatibility",
    "PackageRole",
    "Policy",
    "PolicyCallout",
    "Question",
    "Resource",
    "ResourceRole",
    "RoleAssignment",
    "StageApprover",
    "TargetSystem",
]
