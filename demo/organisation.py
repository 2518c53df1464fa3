"""The facts of the invented organisation, as plain data: who works there, and which systems and groups it has."""

from dataclasses import dataclass, field

COMPANY = "Marlow Bay Instruments"
DOMAIN = "marlowbay.example"
OFFICES = ("Rotterdam", "Porto", "Pune", "Monterrey")

Name = tuple[str, str]


@dataclass(frozen=True)
class Team:
    """Some people with one lead: `members` counts people by job title; the lead reports to the lead of `above`."""

    name: str
    department: str
    lead: str
    above: str | None
    members: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Partner:
    """A company whose people come in as guests."""

    name: str
    domain: str
    contact: str
    """The team whose lead looks after them."""
    members: dict[str, int]


TEAMS = (
    Team("Executive Office", "Executive Office", "Chief Executive Officer", None, {"Executive Assistant": 2}),
    # Selling
    Team("Commercial", "Sales", "Chief Commercial Officer", "Executive Office"),
    Team(
        "Sales Europe",
        "Sales",
        "Sales Manager Europe",
        "Commercial",
        {"Sales Representative": 11, "Inside Sales Representative": 4},
    ),
    Team(
        "Sales Americas",
        "Sales",
        "Sales Manager Americas",
        "Commercial",
        {"Sales Representative": 8, "Inside Sales Representative": 2},
    ),
    Team("Sales Asia", "Sales", "Sales Manager Asia", "Commercial", {"Sales Representative": 5}),
    Team("Sales Operations", "Sales", "Head of Sales Operations", "Commercial", {"Sales Analyst": 3}),
    Team(
        "Marketing",
        "Marketing",
        "Head of Marketing",
        "Commercial",
        {"Campaign Manager": 3, "Product Marketer": 3, "Graphic Designer": 2, "Events Coordinator": 2},
    ),
    Team("Support", "Customer Support", "Head of Customer Support", "Commercial", {"Support Team Coordinator": 1}),
    Team("Support Hotline", "Customer Support", "Hotline Manager", "Support", {"Support Agent": 12}),
    Team("Field Service", "Customer Support", "Field Service Manager", "Support", {"Field Service Technician": 7}),
    # Making
    Team("Technology", "Engineering", "Chief Technology Officer", "Executive Office"),
    Team(
        "Firmware",
        "Engineering",
        "Firmware Lead",
        "Technology",
        {"Firmware Engineer": 8, "Electronics Engineer": 3},
    ),
    Team(
        "Cloud Platform",
        "Engineering",
        "Cloud Platform Lead",
        "Technology",
        {"Software Engineer": 11, "Site Reliability Engineer": 3},
    ),
    Team("Applications", "Engineering", "Applications Lead", "Technology", {"Software Engineer": 8}),
    Team("Quality Assurance", "Engineering", "Quality Lead", "Technology", {"Test Engineer": 5}),
    Team("Product", "Product", "Head of Product", "Technology", {"Product Manager": 5, "User Researcher": 2}),
    Team(
        "Operations",
        "Operations",
        "Chief Operating Officer",
        "Executive Office",
        {"Facilities Coordinator": 2},
    ),
    Team("Production", "Operations", "Production Manager", "Operations", {"Production Planner": 4, "Calibrator": 6}),
    Team("Logistics", "Operations", "Logistics Manager", "Operations", {"Warehouse Specialist": 5}),
    # Keeping the books, the people and the rules
    Team("Finance", "Finance", "Chief Financial Officer", "Executive Office", {"Treasury Analyst": 2}),
    Team("Accounting", "Finance", "Head of Accounting", "Finance", {"Accountant": 6, "Accounts Payable Clerk": 3}),
    Team("Controlling", "Finance", "Head of Controlling", "Finance", {"Controller": 3}),
    Team(
        "People",
        "People",
        "Chief People Officer",
        "Executive Office",
        {"HR Business Partner": 4, "Recruiter": 3, "Payroll Specialist": 2},
    ),
    Team("IT", "IT", "Head of IT", "Executive Office", {"Systems Administrator": 4, "IT Support Specialist": 4}),
    Team("Legal", "Legal", "General Counsel", "Executive Office", {"Legal Counsel": 3}),
    Team("Internal Audit", "Internal Audit", "Head of Internal Audit", "Executive Office", {"Internal Auditor": 1}),
)

PARTNERS = (
    Partner(
        "Quillon Freight", "quillonfreight.example", "Logistics", {"Shipping Coordinator": 4, "Freight Planner": 2}
    ),
    Partner("Orrery Softworks", "orrery.example", "Applications", {"Contract Developer": 4, "Delivery Manager": 1}),
)

PEOPLE = {
    ("Sales Europe", "Sales Representative"): ("Nadia", "Okonjo"),
    ("Sales Europe", "Sales Manager Europe"): ("Tomás", "Arrieta"),
    ("Sales Operations", "Head of Sales Operations"): ("Ingrid", "Solbakken"),
    ("IT", "Head of IT"): ("Anjali", "Varkey"),
    ("IT", "Systems Administrator"): ("Henrik", "Lauesen"),
    ("Internal Audit", "Internal Auditor"): ("Marek", "Dvořáček"),
    ("Cloud Platform", "Cloud Platform Lead"): ("Yusuf", "Demirkan"),
    ("Quillon Freight", "Shipping Coordinator"): ("Elodie", "Marchetti"),
}
"""Whoever the demo speaks of by name: the first with this title in this team or company."""

REQUESTER, MANAGER, OWNER = "nadia.okonjo", "tomas.arrieta", "ingrid.solbakken"
ADMINISTRATOR, SECOND_ADMINISTRATOR = "anjali.varkey", "henrik.lauesen"
AUDITOR, ENGINEER, GUEST = "marek.dvoracek", "yusuf.demirkan", "elodie.marchetti"
ADMINISTRATORS, AUDITORS = (ADMINISTRATOR, SECOND_ADMINISTRATOR), (AUDITOR,)

NAMES = (
    (
        "Anouk Bram Daan Femke Joris Lieke Maarten Nienke Pieter Sanne Thijs Wouter Marit Ruben Eline",
        "Van_Asperen Boersma Dijkgraaf De_Wolff Hoekema Kloosterman Van_Leusden Terpstra Vermaas Zijlmans",
    ),
    (
        "Beatriz Catarina Diogo Duarte Inês Leonor Mafalda Miguel Rui Tiago Vasco Filipa Gonçalo Marta",
        "Abrantes Brandão Carvalhal Fontoura Lourinho Meireles Norberto Pestana Quintela Sarmento Valadares",
    ),
    (
        "Aarav Aditi Devika Farhan Ishaan Kavya Meera Nikhil Pooja Rohan Shreya Tanvi Varun Zoya Arjun",
        "Bhosle Chitnis Deshmane Gokarn Kulkarniwar Mathure Naikade Palshikar Rajadhyax Sardeshpande Thosar",
    ),
    (
        "Alejandra Camila Emiliano Fernanda Gael Ileana Joaquín Lucero Mateo Renata Ximena Saúl Abril Iker",
        "Arriagada Cantoral Escobedo Garmendia Lizárraga Montaño Olvera Quiroz Tamayo Urquidi Villagrán",
    ),
    (
        "Adwoa Chidi Efua Folake Ifeoma Kwame Makena Njeri Olumide Sipho Thandeka Tendai Wanjiru Zola",
        "Abankwa Boateng Chukwura Gathoni Kiplagat Mabaso Nkemdirim Odhiambo Owusuwaa Sithebe Umeokoro",
    ),
    (
        "Agnieszka Bartek Dorota Eliška Katarína Ladislav Milena Ondřej Radek Szymon Vít Zuzana Jitka",
        "Białkowski Čermáková Domańska Hrdlička Jabłonka Kováříková Matoušek Ostrowiak Pospíchal Wilczek",
    ),
    (
        "Astrid Elin Freja Gustav Halvard Ingeborg Jonas Kirsi Linnea Mikkel Oskari Signe Torben Ylva",
        "Aaltovirta Bergqvist Dahlgaard Ekroth Fjellheim Grönvall Holmström Kjærsgaard Lundström Ruusuvuori",
    ),
    (
        "Chiyo Daiki Haruka Jiwoo Kenta Linh Mei Minh Nozomi Seojun Thuy Wei Xinyi Yuto Hana",
        "Akabane Choe Dinhthi Fukamachi Hoàngvan Kuramoto Liangzi Moriyasu Namgung Shimokawa Tsukioka Zhuo",
    ),
)
"""First and family names that go together, without anybody known in mind; an underscore stands for a space."""
