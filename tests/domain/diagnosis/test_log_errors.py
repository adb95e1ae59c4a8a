from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.diagnosis.log_errors import FailedConnection, find_log_error, locate_host
from anchor_tui.domain.inspection.logs import LogLine
from anchor_tui.domain.inspection.resource_tree import ResourceKey, ResourceNode, ResourceTree


def find(*lines: str) -> object:
    return find_log_error([LogLine(line) for line in lines])


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["Traceback (most recent call last):", '  File "a.py", line 1', "KeyError: 'X'"], "KeyError: 'X'"),
        (['{"level":"error","msg":"cannot start","err":"port in use"}'], "cannot start: port in use"),
        (['{"severity":"CRITICAL","message":"disk full"}', '{"level":"info","msg":"bye"}'], "disk full"),
        (["2026-11-29 ERROR migration 12 failed", "done"], "2026-11-29 ERROR migration 12 failed"),
        (
            ["panic: runtime error: index out of range", "goroutine 1 [running]:"],
            "panic: runtime error: index out of range",
        ),
        (["Error: Cannot find module 'express'", "    at require (node:1)"], "Error: Cannot find module 'express'"),
        (
            ["java.lang.IllegalStateException: no schema", "\tat com.example.Main"],
            "java.lang.IllegalStateException: no schema",
        ),
    ],
)
def test_the_last_error_of_a_log_is_found(lines: list[str], text: str) -> None:
    error = find(*lines)
    assert error is not None
    assert error.text == text  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "line", ["GET /errors 200", '{"level":"info","msg":"no error"}', "listening on :8080", '{"level":7}', "{broken"]
)
def test_an_ordinary_line_is_not_an_error(line: str) -> None:
    assert find(line) is None


@pytest.mark.parametrize(
    ("line", "connection"),
    [
        ("dial tcp 10.0.0.77:5432: connect: connection refused", ("10.0.0.77", "5432", "connection refused")),
        ("dial tcp: lookup redis.prod.svc: no such host", ("redis.prod.svc", "", "the name cannot be resolved")),
        ("Error: connect ECONNREFUSED 10.1.2.3:6379", ("10.1.2.3", "6379", "connection refused")),
        ("Error: getaddrinfo ENOTFOUND db.internal", ("db.internal", "", "the name cannot be resolved")),
        (
            'psycopg2.OperationalError: connection to server at "db" (10.0.0.1), port 5432 failed: Connection refused',
            ("db", "", "connection refused"),
        ),
        (
            "requests.exceptions.ConnectionError: http://user:pw@auth:8443/jwks: Connection refused",
            ("auth", "8443", "connection refused"),
        ),
    ],
)
def test_the_address_of_a_failed_connection_is_found(line: str, connection: tuple[str, str, str]) -> None:
    error = find(line)
    assert error is not None
    assert error.connection == FailedConnection(*connection)  # type: ignore[attr-defined]


def test_a_failed_connection_comes_before_giving_up() -> None:
    error = find(
        '{"level":"error","msg":"db","error":"dial tcp 10.0.0.7:5432: connect: connection refused","host":"pg.x.svc"}',
        '{"level":"fatal","msg":"giving up"}',
    )
    assert error is not None
    assert str(error.connection) == "pg.x.svc:5432"  # type: ignore[attr-defined]


def make_pod(name: str, ready: str, **labels: str) -> ResourceNode:
    return ResourceNode(ResourceKey("", "Pod", "shop", name), uid=name, ready=ready, labels=labels)


def test_a_service_without_ready_pods_is_named() -> None:
    service = ResourceNode(ResourceKey("", "Service", "shop", "redis"), uid="s", selector={"app": "redis"})
    tree = ResourceTree([service, make_pod("redis-0", "0/1", app="redis"), make_pod("web", "1/1", app="web")])
    assert locate_host("redis", tree) == "Service redis of this application, without a ready endpoint"
    assert locate_host("redis.shop.svc.cluster.local", tree).endswith("without a ready endpoint")
    assert locate_host("redis.other.svc", tree) == "outside of this application"
    assert locate_host("10.0.0.7", tree) == ""


def test_a_service_with_ready_pods_is_counted() -> None:
    service = ResourceNode(ResourceKey("", "Service", "shop", "redis"), uid="s", selector={"app": "redis"})
    tree = ResourceTree([service, make_pod("redis-0", "1/1", app="redis", role="main")])
    assert locate_host("redis", tree) == "Service redis of this application, which has 1 ready"


@given(st.lists(st.text(max_size=80)))
def test_any_log_is_searched(lines: list[str]) -> None:
    error = find(*lines)
    assert error is None or error.text  # type: ignore[attr-defined]
