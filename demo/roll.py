"""Finds the invented people and groups by the words that the facts use for them."""

from collections.abc import Iterable

from directory.models import Group, User

from .organisation import TEAMS

TEAM, GROUP = "team:", "group:"


class Roll:
    """Everybody and every group, read once."""

    def __init__(self) -> None:
        self.people = {person.username: person for person in User.objects.select_related("manager")}
        self.groups = {group.name: group for group in Group.objects.all()}
        titles = {team.name: team.lead for team in TEAMS}
        self._leads = {
            team: person
            for person in self.people.values()
            if (team := person.attributes.get("team", "")) and person.job_title == titles.get(team)
        }

    def person(self, word: str) -> User:
        """A user name, or `team:Sales` for the lead of a team."""
        return self._leads[word.removeprefix(TEAM)] if word.startswith(TEAM) else self.people[word]

    def persons(self, words: Iterable[str]) -> list[User]:
        """Several at once."""
        return [self.person(word) for word in words]

    def of(self, units: Iterable[str]) -> list[User]:
        """Everybody enabled in these departments or companies, by user name."""
        wanted = set(units)
        found = [person for person in self.people.values() if {person.department, person.company} & wanted]
        return sorted((person for person in found if person.is_active), key=lambda person: person.username)

    def reports_of(self, manager: User) -> list[User]:
        """Whoever this person manages, by user name."""
        found = [person for person in self.people.values() if person.manager_id == manager.pk]
        return sorted(found, key=lambda person: person.username)
