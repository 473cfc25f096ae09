"""Settings are read once, over safe defaults, and refuse what is unknown, wrong or insecure."""

import stat
from pathlib import Path

import pytest

from busops.config import Settings, load_settings, make_settings, read_settings
from busops.domain.errors import InvalidInput
from busops.domain.road_source import TravelOrigin

LONG = "s" * 40


def codes(environ: dict[str, str], tmp_path: Path, toml: str = "") -> set[str]:
    """The fault codes that stop a start with these names."""
    path = tmp_path / "given.toml"
    path.write_text(toml, encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        load_settings({"BUSOPS_INSTANCE": str(tmp_path), **environ}, path)
    assert caught.value.code == "settings_invalid"
    return {finding.code for finding in caught.value.findings}


def test_defaults_start_on_loopback_with_a_kept_secret(tmp_path: Path) -> None:
    """Nothing given: a SQLite file and a secret of 0600 in the instance folder, the same next time."""
    environ = {"BUSOPS_INSTANCE": str(tmp_path / "new"), "PATH": "/bin"}
    first = load_settings(environ)
    second = load_settings(environ)
    kept = tmp_path / "new" / "secret_key"
    assert first == second
    assert first.host == "127.0.0.1"
    assert first.database_url == f"sqlite:///{tmp_path / 'new' / 'busops.sqlite3'}"
    assert len(first.secret_key) >= 32
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [path.name for path in kept.parent.iterdir()] == ["secret_key"]


def test_environment_wins_over_file_wins_over_default(tmp_path: Path) -> None:
    """Each layer covers the one below, name by name."""
    path = tmp_path / "busops.toml"
    path.write_text('port = 9000\nplanning_seconds = 60\ntrusted_hosts = ["a.test"]\n', encoding="utf-8")
    read = load_settings({"BUSOPS_INSTANCE": str(tmp_path), "BUSOPS_PORT": "9100", "BUSOPS_DEMO": "yes"})
    assert (read.port, read.planning_seconds, read.trusted_hosts) == (9100, 60, ("a.test",))
    assert read.demo is True
    assert read.upload_limit_bytes == Settings().upload_limit_bytes


def test_unknown_names_are_all_told(tmp_path: Path) -> None:
    """A misspelt name stops the start, wherever it stands; nothing is guessed."""
    with pytest.raises(InvalidInput) as caught:
        load_settings({"BUSOPS_INSTANCE": str(tmp_path), "BUSOPS_PROT": "1", "BUSOPS_TLSCERT": "x"})
    told = {(finding.place, finding.facts["name"]) for finding in caught.value.findings}
    assert told == {("environment", "prot"), ("environment", "tlscert")}
    assert codes({}, tmp_path, "colour = 1") == {"setting_unknown"}


@pytest.mark.parametrize(
    ("name", "text"),
    [("PORT", "80a"), ("PORT", "８０"), ("PORT", "1_000"), ("DEMO", "maybe"), ("PLANNING_SECONDS", "-3")],
)
def test_wrong_types_refuse(tmp_path: Path, name: str, text: str) -> None:
    """A number is ASCII digits and a switch is a word for yes or no; nothing else is read."""
    assert codes({f"BUSOPS_{name}": text}, tmp_path) == {"setting_type_wrong"}


@pytest.mark.parametrize("toml", ["port = true", "trusted_hosts = [1]", "host = 1", "demo = 2", "port = 1.5"])
def test_wrong_toml_types_refuse(tmp_path: Path, toml: str) -> None:
    """TOML's own types are held to as strictly."""
    assert codes({}, tmp_path, toml) == {"setting_type_wrong"}


@pytest.mark.parametrize(
    ("environ", "code"),
    [
        ({"BUSOPS_SECRET_KEY": "short"}, "setting_secret_short"),
        ({"BUSOPS_HOST": "192.0.2.1"}, "setting_exposed_without_tls"),
        ({"BUSOPS_HOST": "bus.example"}, "setting_exposed_without_tls"),
        (
            {"BUSOPS_HOST": "bus.example", "BUSOPS_BEHIND_PROXY": "1", "BUSOPS_DEMO": "1"},
            "setting_demo_exposed",
        ),
        ({"BUSOPS_PORT": "65536"}, "setting_value_wrong"),
        ({"BUSOPS_ENVIRONMENT": "prod"}, "setting_value_wrong"),
        ({"BUSOPS_DATABASE_URL": "mysql://x"}, "setting_value_wrong"),
        ({"BUSOPS_LOG_LEVEL": "loud"}, "setting_value_wrong"),
        ({"BUSOPS_SCHOOL_ID": "no spaces"}, "setting_value_wrong"),
    ],
)
def test_insecure_or_senseless_values_refuse(tmp_path: Path, environ: dict[str, str], code: str) -> None:
    """Each insecure combination has its own code."""
    assert codes(environ, tmp_path) == {code}


def test_half_a_certificate_and_a_missing_file_refuse(tmp_path: Path) -> None:
    """TLS needs both files, and they must be there."""
    found = codes({"BUSOPS_TLS_CERT": str(tmp_path / "no.pem")}, tmp_path)
    assert found == {"setting_tls_half", "setting_file_missing"}


def test_a_named_file_must_exist_and_be_toml(tmp_path: Path) -> None:
    """BUSOPS_CONFIG that points nowhere or at rubbish is a fault, not a default."""
    environ = {"BUSOPS_INSTANCE": str(tmp_path), "BUSOPS_CONFIG": str(tmp_path / "none.toml")}
    with pytest.raises(InvalidInput) as caught:
        load_settings(environ)
    assert [finding.code for finding in caught.value.findings] == ["setting_file_missing"]
    assert codes({}, tmp_path, "port = ") == {"setting_file_unreadable"}


def test_a_weak_kept_secret_refuses(tmp_path: Path) -> None:
    """A secret file that somebody emptied or shortened does not start a server."""
    (tmp_path / "secret_key").write_text("\n", encoding="ascii")
    with pytest.raises(InvalidInput) as caught:
        load_settings({"BUSOPS_INSTANCE": str(tmp_path)})
    assert [finding.code for finding in caught.value.findings] == ["setting_secret_short"]


def test_secrets_are_never_shown(tmp_path: Path) -> None:
    """The manage page and the log get dots for secrets and addresses with passwords."""
    url = "postgresql://u:hidden@h/d"
    shown = make_settings(instance_path=tmp_path, secret_key=LONG, database_url=url).shown()
    assert LONG not in shown.values()
    assert not any("hidden" in value for value in shown.values())


def test_tls_files_make_an_open_bind_possible(tmp_path: Path) -> None:
    """With a certificate the server may listen to the school's network."""
    for name in ("c.pem", "k.pem"):
        (tmp_path / name).write_text("x", encoding="ascii")
    environ = {
        "BUSOPS_INSTANCE": str(tmp_path),
        "BUSOPS_HOST": "192.0.2.1",
        "BUSOPS_TLS_CERT": str(tmp_path / "c.pem"),
        "BUSOPS_TLS_KEY": str(tmp_path / "k.pem"),
    }
    read = load_settings(environ)
    assert read.tls
    assert read.secure_cookies


@pytest.mark.parametrize(
    "executor",
    [
        *("", "processes", "4", "tcp://127.0.0.1:8786", "tcp://scheduler:8786", "tcp://10.1.2.3:8786"),
        *("tcp://[::1]:8786", "tcp://plan.school.lan:8786", "tls://plan.example.org:8786"),
    ],
)
def test_executors_that_stay_in_the_house_or_encrypt(executor: str) -> None:
    """Processes of this machine, a scheduler of a private network, or one that is spoken to over TLS."""
    assert make_settings(executor=executor, secret_key=LONG).executor == executor


@pytest.mark.parametrize(
    ("executor", "code"),
    [
        ("threads", "setting_value_wrong"),
        ("0", "setting_value_wrong"),
        ("tcp://127.0.0.1", "setting_value_wrong"),
        ("http://127.0.0.1:8786", "setting_value_wrong"),
        ("tcp://plan.example.org:8786", "setting_executor_exposed"),
        ("tcp://8.8.8.8:8786", "setting_executor_exposed"),
    ],
)
def test_other_executors_refuse_to_start(tmp_path: Path, executor: str, code: str) -> None:
    """Unknown words, and a scheduler on the internet without encryption."""
    assert codes({"BUSOPS_EXECUTOR": executor}, tmp_path) == {code}


KEY = "sentinel-key-0123456789"


@pytest.mark.parametrize(
    ("environ", "code"),
    [
        ({"SOURCE": "google"}, "setting_value_wrong"),
        ({"SOURCE": "file"}, "setting_value_wrong"),  # a file is the school's choice, not the installation's
        ({"SOURCE": "osrm"}, "setting_travel_url_missing"),
        ({"SOURCE": "amap"}, "setting_travel_key_missing"),
        ({"SOURCE": "tencent"}, "setting_travel_key_missing"),
        ({"SOURCE": "amap", "KEY": KEY, "URL": "http://maps.example"}, "setting_travel_key_open"),
        ({"SOURCE": "amap", "KEY": "with space"}, "setting_value_wrong"),
        ({"SOURCE": "osrm", "URL": "ftp://roads.example"}, "setting_value_wrong"),
        ({"SOURCE": "osrm", "URL": "http://me:word@roads.example"}, "setting_value_wrong"),
        ({"SOURCE": "osrm", "URL": "http://roads.example/?key=1"}, "setting_value_wrong"),
        ({"SOURCE": "osrm", "URL": "http://roads.example:99999"}, "setting_value_wrong"),
        ({"SOURCE": "osrm", "URL": "http://r", "PROFILE": "../bus"}, "setting_value_wrong"),
        ({"BATCH": "1"}, "setting_value_wrong"),
        ({"TIMEOUT_S": "0"}, "setting_value_wrong"),
        ({"CACHE_MIB": "0"}, "setting_value_wrong"),
        ({"QUOTA": "many"}, "setting_type_wrong"),
        ({"SORCE": "osrm"}, "setting_unknown"),
    ],
)
def test_a_travel_source_that_cannot_work_or_is_insecure_refuses(
    tmp_path: Path, environ: dict[str, str], code: str
) -> None:
    """Unknown source, missing address or key, a key in the open, an address with more than an address."""
    assert codes({f"BUSOPS_TRAVEL_{name}": text for name, text in environ.items()}, tmp_path) == {code}


def test_a_travel_source_is_handed_on_as_a_value(tmp_path: Path) -> None:
    """The settings' names become the services' choice; folders lie in the instance; the key is hidden."""
    environ = {
        "BUSOPS_INSTANCE": str(tmp_path),
        "BUSOPS_TRAVEL_SOURCE": "tencent",
        "BUSOPS_TRAVEL_KEY": KEY,
        "BUSOPS_TRAVEL_URL": "http://127.0.0.1:9",  # this machine may be asked in the open
        "BUSOPS_TRAVEL_QUOTA": "700",
        "BUSOPS_TRAVEL_BATCH": "100",
    }
    settings = read_settings(environ)
    choice = settings.travel
    assert (choice.origin, choice.quota, choice.batch) == (TravelOrigin.TENCENT, 700, 100)
    assert (choice.key, choice.cache_path, choice.tiles_path) == (
        KEY,
        tmp_path / "travel",
        tmp_path / "roads",
    )
    assert KEY not in repr(choice)
    assert KEY not in str(settings.shown())


def test_reading_settings_makes_nothing(tmp_path: Path) -> None:
    """A command that only looks leaves no secret and no folder behind."""
    read_settings({"BUSOPS_INSTANCE": str(tmp_path / "new")})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "link", ["http://pay.example/", "https://", "https://pay.example/{name}", "pay.example"]
)
def test_a_place_to_pay_is_an_address_over_https(tmp_path: Path, link: str) -> None:
    """Anything else is named as a wrong value; one with the code in it is taken as it stands."""
    assert codes({"BUSOPS_PAYMENT_LINK": link}, tmp_path) == {"setting_value_wrong"}
    good = "https://pay.example/bus?c={code}&x=1"
    assert read_settings({"BUSOPS_INSTANCE": str(tmp_path), "BUSOPS_PAYMENT_LINK": good}).payment_link == good
