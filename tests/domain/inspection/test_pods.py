from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.inspection.pods import Termination, list_mounted_names, parse_time, read_pod

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)
KEYS = st.sampled_from(["status", "spec", "containers", "containerStatuses", "state", "terminated", "conditions"])


def test_an_init_container_comes_first() -> None:
    manifest = {
        "spec": {"containers": [{"name": "app"}], "initContainers": [{"name": "migrate"}]},
        "status": {
            "initContainerStatuses": [
                {"name": "migrate", "state": {"terminated": {"exitCode": 3, "reason": "Error"}}, "restartCount": 2}
            ]
        },
    }
    migrate, app = read_pod(manifest).containers
    assert (migrate.name, migrate.role, migrate.restarts) == ("migrate", "init", 2)
    assert migrate.ended == Termination(3, "Error")
    assert (app.name, app.restarts, app.latest_end) == ("app", 0, None)


def test_an_exit_code_above_128_names_its_signal() -> None:
    assert [Termination(code).signal_name for code in (0, 1, 128, 139, 143, 255)] == [
        "",
        "",
        "",
        "SIGSEGV",
        "SIGTERM",
        "signal 127",
    ]


def test_the_names_of_mounted_objects_are_listed() -> None:
    volumes = [{"secret": {"secretName": "tls"}}, {"configMap": {"name": "settings"}}, {"emptyDir": {}}]
    assert list_mounted_names({"spec": {"volumes": volumes}}) == (("Secret", "tls"), ("ConfigMap", "settings"))


def test_a_time_outside_of_the_calendar_is_unknown() -> None:
    assert parse_time("2026-11-29T21:37:37Z") == datetime(2026, 11, 29, 21, 37, 37, tzinfo=UTC)
    assert parse_time("0001-01-01T00:00:00+14:00") is None
    assert parse_time("soon") is None


@given(st.dictionaries(KEYS, JSON | st.dictionaries(KEYS, JSON | st.lists(st.dictionaries(KEYS, JSON)))))
def test_any_json_is_read_as_a_pod(manifest: object) -> None:
    assert read_pod(manifest).containers is not None
