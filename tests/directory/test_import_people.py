"""`import_people`: what it creates, changes, disables, refuses and records."""

import os
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit.models import Event
from directory.actions import save_organisation
from directory.import_plan import circles
from directory.models import ConnectedOrganisation, PersonKind, User

pytestmark = pytest.mark.django_db

HEADER = "user_name,employee_number,given_name,family_name,job_title,manager,enabled\n"
STAFF = HEADER + "anna,1,Anna,Adams,Head,,yes\nben,2,Ben,Brown,Clerk,1,yes\ncara,3,Cara,Clark,Clerk,ben,yes\n"


class Importer:
    """Writes a file and imports it, as the command line does."""

    def __init__(self, folder: Path):
        self.path = folder / "people.csv"

    def __call__(self, text: str | bytes, *switches: str) -> str:
        self.path.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.out, self.err = StringIO(), StringIO()
        call_command("import_people", str(self.path), *switches, stdout=self.out, stderr=self.err)
        return self.out.getvalue()


@pytest.fixture
def importer(tmp_path):
    return Importer(tmp_path)


def verbs():
    return sorted(Event.objects.values_list("verb", flat=True))


def refused(importer, text, *switches):
    """The refusal's own words, and those about each row; nothing may have changed."""
    before = list(User.objects.order_by("pk").values()), Event.objects.count()
    with pytest.raises(CommandError) as refusal:
        importer(text, *switches)
    assert (list(User.objects.order_by("pk").values()), Event.objects.count()) == before
    return f"{importer.err.getvalue()}\n{refusal.value}"


def test_people_are_created_with_their_managers(importer):
    assert "3 created, 0 changed, 0 disabled" in importer(STAFF)
    cara = User.objects.get(username="cara")
    assert (cara.display_name, cara.job_title, cara.employee_number) == ("Cara Clark", "Clerk", "3")
    assert cara.manager is not None
    assert cara.manager.username == "ben"
    assert cara.manager.manager == User.objects.get(employee_number="1")
    assert not cara.has_usable_password()


def test_a_manager_may_stand_further_down_and_go_by_either_key(importer):
    importer("user_name,employee_number,manager\nlow,,HIGH\nlower,,7\nhigh,7,\n")
    assert set(User.objects.filter(manager__username="high").values_list("username", flat=True)) == {"low", "lower"}


def test_every_event_of_an_import_tells_one_story(importer):
    importer(STAFF)
    assert verbs() == ["people.imported", *["person.created"] * 3]
    assert len(set(Event.objects.values_list("correlation_id", flat=True))) == 1
    assert "3 created, 0 changed, 0 disabled, 0 as they were" in Event.objects.get(verb="people.imported").sentence


def test_a_second_run_changes_and_records_nothing(importer):
    importer(STAFF)
    before = Event.objects.count()
    assert "0 created, 0 changed, 0 disabled, 3 as they were" in importer(STAFF)
    assert Event.objects.count() == before


def test_a_change_is_recorded_with_the_old_and_the_new_value(importer):
    importer(STAFF)
    importer("user_name,job_title\nBEN,Analyst\n")
    ben = User.objects.get(employee_number="2")
    assert (ben.username, ben.job_title, ben.last_name) == ("BEN", "Analyst", "Brown")
    event = Event.objects.get(verb="person.changed")
    assert event.details["fields"]["job_title"] == ["Clerk", "Analyst"]
    assert "job title" in event.sentence


def test_the_employee_number_wins_over_the_user_name(importer):
    importer(STAFF)
    importer("user_name,employee_number\nben.brown,2\n")
    assert User.objects.get(employee_number="2").username == "ben.brown"
    assert User.objects.count() == 3


def test_an_empty_cell_empties_and_a_missing_column_leaves(importer):
    importer(STAFF)
    importer("user_name,manager,display_name\ncara,,\n")
    cara = User.objects.get(username="cara")
    assert cara.manager is None
    assert (cara.job_title, cara.display_name) == ("Clerk", "Cara Clark")


def test_attributes_are_merged_and_emptied(importer):
    importer("user_name,attributes.site,attributes.cost_center\nanna,Oslo,12\n")
    importer("user_name,attributes.site\nanna,\n")
    assert User.objects.get(username="anna").attributes == {"cost_center": "12"}


def test_somebody_is_disabled_and_enabled_again(importer):
    importer(STAFF)
    assert "1 disabled" in importer("user_name,enabled\ncara,no\n", "--allow-mass-disable")
    assert not User.objects.get(username="cara").is_active
    assert "1 changed" in importer("user_name,enabled\ncara,1\n")
    assert User.objects.get(username="cara").is_active
    assert {"person.disabled", "person.enabled"} <= set(verbs())


def test_a_complete_file_disables_members_only(importer):
    importer(STAFF)
    User.objects.create_user("guest", kind=PersonKind.GUEST)
    User.objects.create_superuser("root")
    importer("user_name\nanna\nben\n", "--complete", "--allow-mass-disable")
    assert list(User.objects.filter(is_active=False).values_list("username", flat=True)) == ["cara"]
    assert Event.objects.get(verb="person.disabled").person_label == "Cara Clark"


def test_whoever_has_a_bad_row_is_not_missing_from_a_complete_file(importer):
    importer(STAFF)
    switches = ("--complete", "--allow-mass-disable", "--skip-bad-rows")
    importer("user_name,hired_on\nanna,\nben,not a date\n", *switches)
    assert User.objects.get(username="ben").is_active
    assert not User.objects.get(username="cara").is_active


def test_more_than_a_tenth_is_not_disabled_without_being_asked_again(importer):
    rows = [f"p{number},{{}}" for number in range(20)]
    importer("user_name,enabled\n" + "\n".join(row.format("yes") for row in rows))
    three = "user_name,enabled\n" + "\n".join(row.format("no") for row in rows[:3])
    assert "3 of 20" in refused(importer, three)
    two = "user_name,enabled\n" + "\n".join(row.format("no") for row in rows[:2])
    assert "2 disabled" in importer(two)
    assert "3 of 18" in refused(importer, "user_name,enabled\np2,no\np3,no\np4,no\n")


def test_the_last_administrator_stays(importer):
    User.objects.create_superuser("root")
    assert "last administrator" in refused(importer, "user_name,enabled\nroot,no\n", "--allow-mass-disable")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("x,,,31.12.2026,,", "hired_on"),
        ("x,,nobody,,,", "the manager nobody"),
        (",,,,,", ""),
        (",9,,,,", "user_name is missing"),
        ("x,,,,no-address,", "email"),
        ("x,,,,,robot", "kind"),
        ("x,,x,,,", "circle of managers: x → x"),
        ("ANNA,,,,,", "user name anna is already on line 2"),
        ("x,1,,,,", "employee number 1 is already on line 2"),
        ("x y,,,,,", "user_name"),
        ("x,,", "more or fewer cells"),
    ],
)
def test_a_bad_row_is_named_with_its_reason(importer, row, reason):
    text = f"user_name,employee_number,manager,hired_on,email,kind\nanna,1,,,,\n{row}\n"
    if not reason:
        assert "1 created" in importer(text), "a row of empty cells is no row"
        return
    words = refused(importer, text)
    assert "line 3: " in words
    assert reason in words


def test_every_bad_row_is_listed(importer):
    words = refused(importer, "user_name,kind\na,robot\nb,member\nc,cat\n")
    assert "line 2: " in words
    assert "line 4: " in words
    assert "line 3: " not in words


def test_good_rows_are_imported_when_asked_for(importer):
    assert "1 created" in importer("user_name,kind\na,robot\nb,member\n", "--skip-bad-rows")
    assert "left out: line 2: " in importer.err.getvalue()
    assert not User.objects.filter(username="a").exists()


def test_a_report_of_somebody_left_out_is_left_out_too(importer):
    importer("user_name,manager,kind\nboss,,robot\nclerk,boss,\nalone,,\n", "--skip-bad-rows")
    assert list(User.objects.values_list("username", flat=True)) == ["alone"]


def test_a_circle_of_managers_is_named_with_everybody_in_it(importer):
    importer(STAFF)
    words = refused(importer, "user_name,manager\nanna,cara\n")
    assert "line 2: a circle of managers" in words
    assert {"anna", "ben", "cara"} <= set(words.replace("\n", " ").split())


def test_circles_are_found_and_chains_are_not():
    chain: dict[int, int | None] = {number: number + 1 for number in range(5000)}
    assert not list(circles(chain))
    assert [sorted(circle) for circle in circles({**chain, 5000: 4998})] == [[4998, 4999, 5000]]


def test_a_user_name_of_somebody_else_is_refused(importer):
    importer(STAFF)
    assert "belongs to somebody else" in refused(importer, "user_name,employee_number\nanna,2\n")
    assert "belongs to somebody else" in refused(importer, "user_name,employee_number\nanna,99\n")


def test_a_dry_run_keeps_nothing(importer):
    assert "3 created" in importer(STAFF, "--dry-run")
    assert not User.objects.exists()
    assert not Event.objects.exists()


def test_an_unknown_column_is_named_with_the_known_ones(importer):
    words = refused(importer, "user_name,nickname\nx,y\n")
    assert "unknown columns: nickname" in words
    assert "employee_number" in words
    assert "missing columns: user_name" in refused(importer, "email\nx@example.org\n")
    assert "twice: email" in refused(importer, "user_name,email,email\nx,,\n")


def test_semicolons_and_a_byte_order_mark_are_read(importer):
    assert "1 created" in importer("user_name;family_name\nzoé;Ødegård\n".encode("utf-8-sig"))
    assert User.objects.get(username="zoé").last_name == "Ødegård"


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_another_encoding_is_refused(importer, encoding):
    assert "is not UTF-8" in refused(importer, "user_name\nzoé\n".encode(encoding))


def test_an_empty_file_and_a_missing_one_are_refused(importer):
    assert "is empty" in refused(importer, "")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_people", "no-such-file.csv")


@pytest.mark.parametrize("command", [["import_people"], ["import_access", "--system", "crm"]])
def test_a_pipe_is_refused_for_it_could_be_read_only_once(command, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CommandError, match="is a pipe"):
        call_command(*command, str(tmp_path / "pipe"))


def test_an_import_costs_statements_by_the_batch_not_by_the_person(importer, django_assert_max_num_queries):
    managers = ["", *(f"p{number}" for number in range(499))]
    text = "user_name,manager\n" + "".join(f"p{number},{manager}\n" for number, manager in enumerate(managers))
    with django_assert_max_num_queries(40):
        assert "500 created" in importer(text)


# --- Guests, their organisations, and sponsors ----------------------------------------------------------------------

GUESTS = "user_name,email,kind,organisation,sponsors\n"


@pytest.fixture
def organisations(db):
    made = {}
    for name, domain in (("Northwind", "northwind.example"), ("Contoso", "contoso.example")):
        made[name] = save_organisation(
            organisation=ConnectedOrganisation(name=name), domains=[domain], actor=None, now=timezone.now()
        )
    return made


def organisation_of(name):
    return str(User.objects.get(username=name).organisation)


def sponsors_of(name):
    return sorted(User.objects.get(username=name).sponsors.values_list("username", flat=True))


def test_a_guest_comes_into_the_organisation_of_their_address_or_the_one_that_is_named(importer, organisations):
    importer(
        GUESTS + "gus,gus@northwind.example,guest,,\nmia,mia@northwind.example,guest,CONTOSO,\n"
        "ida,ida@elsewhere.example,guest,,\nmel,mel@northwind.example,member,,\n"
    )
    assert [organisation_of(name) for name in ("gus", "mia", "ida", "mel")] == ["Northwind", "Contoso", "None", "None"]


def test_a_guest_who_moves_follows_their_address_unless_they_were_put_elsewhere(importer, organisations):
    importer(GUESTS + "gus,gus@northwind.example,guest,,\nmia,mia@northwind.example,guest,Contoso,\n")
    importer("user_name,email\ngus,gus@contoso.example\nmia,mia@elsewhere.example\n")
    assert (organisation_of("gus"), organisation_of("mia")) == ("Contoso", "Contoso")
    importer("user_name,kind\ngus,member\n")
    assert organisation_of("gus") == "None"
    told = Event.objects.filter(verb="person.changed").latest("id")
    assert told.details["fields"]["organisation"][1] is None


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("gus,,guest,Fabrikam,", "there is no connected organisation “Fabrikam”"),
        ("mel,,member,Northwind,", "only guests belong to a connected organisation"),
        ("gus,,guest,,nobody.here", "the sponsor nobody.here is nobody's employee number or user name"),
        ("gus,,guest,,GUS", "nobody is their own sponsor"),
    ],
)
def test_what_cannot_be_is_a_bad_row(importer, organisations, row, reason):
    assert f"line 2: {reason}" in refused(importer, f"{GUESTS}{row}\n")


def test_sponsors_are_found_in_the_file_and_in_the_directory(importer):
    importer(STAFF)
    importer("user_name,sponsors,kind\ngus,ben| 3 |zoe,guest\nzoe,,\n")
    assert sponsors_of("gus") == ["ben", "cara", "zoe"]


def test_sponsors_that_change_are_told_and_those_that_stay_are_not(importer):
    importer(STAFF)
    importer("user_name,sponsors\ncara,anna|ben\n")
    assert "0 created, 0 changed, 0 disabled, 1 as they were" in importer("user_name,sponsors\ncara,ben|anna\n")
    assert "1 changed" in importer("user_name,sponsors\ncara,anna\n")
    assert Event.objects.filter(verb="person.changed").latest("id").details["fields"] == {
        "sponsors": ["anna, ben", "anna"]
    }
    importer("user_name,job_title\ncara,Head\n")
    assert sponsors_of("cara") == ["anna"]
    importer("user_name,sponsors\ncara,\n")
    assert sponsors_of("cara") == []
