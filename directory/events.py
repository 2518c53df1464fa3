"""The verbs that the directory records."""

from django.utils.translation import gettext_lazy as _

from audit.verbs import define

PERSON_CREATED = define("person.created", _("{actor} added {person} to the directory"))
PERSON_CHANGED = define("person.changed", _("{actor} changed {person}'s record: {changed}"))
PERSON_DISABLED = define("person.disabled", _("{actor} disabled {person}"))
PERSON_ENABLED = define("person.enabled", _("{actor} enabled {person} again"))
PERSON_FORGOTTEN = define("person.forgotten", _("what was known of {person} was deleted; what they did and had stays"))
PERSON_PASSWORD_SET = define("person.password_set", _("{actor} set a new password for {person}"))
PERSON_PASSWORD_CHANGED = define("person.password_changed", _("{actor} changed their own password"))
PEOPLE_IMPORTED = define(
    "people.imported",
    _("{actor} imported {file}: {created} created, {changed} changed, {disabled} disabled, {unchanged} as they were"),
)
PERSON_ATTRIBUTES_SET = define("person.attributes_set", _("{person}'s attributes follow what was answered: {changed}"))
ATTRIBUTE_OPENED = define("attribute.opened", _("{actor} opened the attribute {target} to questions"))
ATTRIBUTE_CHANGED = define("attribute.changed", _("{actor} changed the attribute {target}: {changed}"))
ATTRIBUTE_CLOSED = define("attribute.closed", _("{actor} closed the attribute {target} to questions"))
GROUP_CREATED = define("group.created", _("{actor} created the group {target}"))
GROUP_CHANGED = define("group.changed", _("{actor} changed the group {target}: {changed}"))
GROUP_MEMBER_ADDED = define("group.member_added", _("{actor} added {person} to the group {target}"))
GROUP_MEMBER_REMOVED = define("group.member_removed", _("{actor} removed {person} from the group {target}"))
GROUP_OWNER_ADDED = define("group.owner_added", _("{actor} made {person} an owner of the group {target}"))
GROUP_OWNER_REMOVED = define("group.owner_removed", _("{actor} ended {person}'s ownership of the group {target}"))
GROUP_NESTED = define("group.nested", _("{actor} put the group {child} into the group {target}"))
GROUP_UNNESTED = define("group.unnested", _("{actor} took the group {child} out of the group {target}"))
ORGANISATION_CREATED = define("organisation.created", _("{actor} added the connected organisation {target}"))
ORGANISATION_CHANGED = define(
    "organisation.changed", _("{actor} changed the connected organisation {target}: {changed}")
)
ORGANISATION_DELETED = define("organisation.deleted", _("{actor} deleted the connected organisation {target}"))
