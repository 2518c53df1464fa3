"""The verbs that the catalog records."""

from django.utils.translation import gettext_lazy as _

from audit.verbs import define

CATALOG_CREATED = define("catalog.created", _("{actor} created the catalog {target}"))
CATALOG_CHANGED = define("catalog.changed", _("{actor} changed the catalog {target}: {changed}"))
CATALOG_DELETED = define("catalog.deleted", _("{actor} deleted the catalog {target}"))
ROLE_GRANTED = define("role.granted", _("{actor} gave {whom} the role {role} in {where}"))
ROLE_REVOKED = define("role.revoked", _("{actor} took the role {role} in {where} from {whom}"))
SYSTEM_CREATED = define("system.created", _("{actor} added the target system {target}"))
SYSTEM_CHANGED = define("system.changed", _("{actor} changed the target system {target}: {changed}"))
SYSTEM_DELETED = define("system.deleted", _("{actor} deleted the target system {target}"))
RESOURCE_CREATED = define("resource.created", _("{actor} added the resource {target}"))
RESOURCE_CHANGED = define("resource.changed", _("{actor} changed the resource {target}: {changed}"))
RESOURCE_DISCOVERED = define("resource.discovered", _("{target} was found in its system"))
RESOURCE_RENAMED = define("resource.renamed", _("{target} was renamed in its system; it was {formerly} before"))
RESOURCE_MISSING = define("resource.missing", _("{target} is not in its system any more"))
RESOURCE_BACK = define("resource.back", _("{target} is in its system again"))
ROLE_DISCOVERED = define("resource_role.discovered", _("the role {target} was found in its system"))
ROLE_RENAMED = define(
    "resource_role.renamed", _("the role {target} was renamed in its system; it was {formerly} before")
)
ROLE_MISSING = define("resource_role.missing", _("the role {target} is not in its system any more"))
RESOURCE_DELETED = define("resource.deleted", _("{actor} deleted the resource {target}"))
PACKAGE_CREATED = define("package.created", _("{actor} created the access package {package}"))
PACKAGE_CHANGED = define("package.changed", _("{actor} changed the access package {package}: {changed}"))
PACKAGE_DELETED = define("package.deleted", _("{actor} deleted the access package {package}"))
PACKAGE_ROLE_ADDED = define("package.role_added", _("{actor} added {role} to the access package {package}"))
PACKAGE_ROLE_REMOVED = define("package.role_removed", _("{actor} took {role} out of the access package {package}"))
INCOMPATIBILITY_CREATED = define(
    "incompatibility.created", _("{actor} ruled that nobody gets {package} who has {target}{reverse}")
)
INCOMPATIBILITY_CHANGED = define(
    "incompatibility.changed", _("{actor} changed the incompatibility of {package} with {target}: {changed}")
)
INCOMPATIBILITY_DELETED = define(
    "incompatibility.deleted", _("{actor} ended the incompatibility of {package} with {target}")
)
EXTENSION_CREATED = define("custom_extension.created", _("{actor} added the custom extension {target}"))
EXTENSION_CHANGED = define("custom_extension.changed", _("{actor} changed the custom extension {target}: {changed}"))
EXTENSION_DELETED = define("custom_extension.deleted", _("{actor} deleted the custom extension {target}"))
EXTENSION_TESTED = define(
    "custom_extension.tested", _("{actor} called the custom extension {target} to test it: {result}")
)
POLICY_CREATED = define("policy.created", _("{actor} created the policy {target} of {package}"))
POLICY_CHANGED = define(
    "policy.changed", _("{actor} changed the policy {target} of {package} (version {version}): {changed}")
)
POLICY_DELETED = define("policy.deleted", _("{actor} deleted the policy {target} of {package}"))
