"""What the office reads of a run names people and stops, not their numbers."""

from busops.domain.findings import Finding
from busops.domain.values import CAMPUS
from busops.i18n import ENGLISH, finding_words
from busops.services.run_list import Names

NAMES = Names(
    stops={str(CAMPUS): "学校", "S1": "东门"},
    crew={"D1": "司机甲"},
    riders={"r1": "学生甲", "r2": "学生乙"},
    classes={"r1": "初二3班", "r2": "初一1班"},
    persons={},
    people={},
)


def test_a_finding_is_told_with_names() -> None:
    """Rider, stop and the campus by name; whom nobody knows keeps the number; the key does not change."""
    off = Finding(code="off_stop_alight", place="e1", facts={"rider_id": "r1", "stop_id": CAMPUS})
    told = NAMES.told(off)
    assert finding_words(told) == "学生 学生甲 在非指定站点 学校 下车"
    assert "学生甲" in finding_words(told, ENGLISH)
    assert told.key == off.key
    stranger = Finding(code="off_stop_alight", place="e1", facts={"rider_id": "r9", "stop_id": "S1"})
    assert "r9" in finding_words(NAMES.told(stranger))


def test_every_rider_of_a_list_is_named() -> None:
    """Those who were left behind, one after another; what is no number of anybody stays."""
    early = Finding(code="departed_early", facts={"stop_id": "S1", "count": 2, "rider_ids": ("r2", "r1")})
    assert NAMES.told(early).facts == {"stop_id": "东门", "count": 2, "rider_ids": ("学生乙", "学生甲")}
