"""Vehicles and crew as the school's tables give them; the domain says whether papers are valid."""

from busops.domain.evidence import Evidence
from busops.domain.findings import Finding, Severity
from busops.domain.fleet import CrewMember, CrewRole, Vehicle, VehicleClass
from busops.domain.values import CrewId, Plate
from busops.sheets.table_reader import TableText
from busops.sheets.tables import cells
from busops.sheets.tables.context import first_of_each
from busops.sheets.tables.rows import Placed, RowReader

_CLASS = cells.one_of(
    VehicleClass,
    {
        "校车": VehicleClass.LICENSED_SCHOOL_BUS,
        "专用校车": VehicleClass.LICENSED_SCHOOL_BUS,
        "许可校车": VehicleClass.LICENSED_SCHOOL_BUS,
        "持证校车": VehicleClass.LICENSED_SCHOOL_BUS,
        "包车": VehicleClass.CHARTER_COACH,
        "包车客车": VehicleClass.CHARTER_COACH,
        "旅游客车": VehicleClass.CHARTER_COACH,
        "租赁客车": VehicleClass.CHARTER_COACH,
    },
)
_ROLE = cells.one_of(
    CrewRole,
    {
        "驾驶员": CrewRole.DRIVER,
        "司机": CrewRole.DRIVER,
        "驾驶人": CrewRole.DRIVER,
        "照管员": CrewRole.ATTENDANT,
        "照管人员": CrewRole.ATTENDANT,
        "随车照管员": CrewRole.ATTENDANT,
        "跟车老师": CrewRole.ATTENDANT,
    },
)


def read_vehicles(table: TableText, findings: list[Finding]) -> tuple[Placed[Vehicle], ...]:
    """The vehicles, each plate once; dates that are not given stay None."""
    rows = []
    for sheet in table.sheets:
        for row in sheet.rows:
            reader = RowReader(sheet=sheet, row=row, findings=findings)
            vehicle = _vehicle(reader)
            if reader.is_good:
                rows.append(reader.placed(vehicle))
    return first_of_each(rows, "plate", "plate", "plate_twice", findings)


def read_crew(table: TableText, findings: list[Finding]) -> tuple[Placed[CrewMember], ...]:
    """The drivers and attendants, each id once."""
    rows = []
    for sheet in table.sheets:
        for row in sheet.rows:
            reader = RowReader(sheet=sheet, row=row, findings=findings)
            no_plates: tuple[str, ...] = ()
            plates = reader.maybe("plates", cells.plate_numbers, no_plates)
            member = CrewMember(
                crew_id=CrewId(reader.need("crew_id", cells.identifier, "")),
                name=reader.need("name", cells.person_name, ""),
                role=reader.need("role", _ROLE, CrewRole.ATTENDANT),
                born_on=reader.maybe("born_on", cells.day, None),
                qualified_to=reader.maybe("qualified_to", cells.day, None),
                audit_to=reader.maybe("audit_to", cells.day, None),
                plates=frozenset(Plate(plate) for plate in plates),
            )
            if member.role is CrewRole.DRIVER and member.born_on is None:
                reader.report("born_on", "driver_birth_missing", Severity.WARN, name=member.name)
            if reader.is_good:
                rows.append(reader.placed(member))
    return first_of_each(rows, "crew_id", "crew_id", "crew_twice", findings)


def _vehicle(reader: RowReader) -> Vehicle:
    students = reader.need("approved_students", _count(200), 0)
    total = reader.need("approved_total", _count(200), 0)
    if reader.is_good and students >= total:
        # The driver at least is not a student.
        reader.report("approved_students", "seats_inconsistent", students=students, total=total)
    return Vehicle(
        plate=Plate(reader.need("plate", cells.plate_number, "")),
        vehicle_class=reader.need("vehicle_class", _CLASS, VehicleClass.CHARTER_COACH),
        approved_students=students,
        approved_total=total,
        rows=reader.need("rows", _count(40), 0),
        fixed_fen=reader.need("fixed_yuan", cells.yuan, 0),
        per_km_fen=reader.need("per_km_yuan", cells.yuan, 0),
        permit_to=reader.maybe("permit_to", cells.day, None),
        inspection_to=reader.maybe("inspection_to", cells.day, None),
        plate_to=reader.maybe("plate_to", cells.day, None),
        insurance_to=reader.maybe("insurance_to", cells.day, None),
        max_trips=reader.maybe("max_trips", _count(8), 1),
        evidence=reader.maybe("evidence", cells.one_of(Evidence, {}), Evidence.E2),
    )


def _count(most: int) -> cells.Parser[int]:
    def parse(text: str) -> int:
        return cells.whole_number(text, least=1, most=most)

    return parse
