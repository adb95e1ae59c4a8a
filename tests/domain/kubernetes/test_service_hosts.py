"""Host names of a Service in texts."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from anchor_tui.domain.kubernetes.service_hosts import ServiceAddress, find_mention

MOCK = ServiceAddress("status-mock", "anchor-prod")
LABEL = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
SCHEME = st.sampled_from(["http://", "https://", "grpc://", "jdbc:postgresql://", "postgres://user:p%40ss@"])
PORT = st.sampled_from(["", ":80", ":8443"])
PATH = st.sampled_from(["", "/", "/egi", "/egi?x=1#y"])
QUALIFIED = st.sampled_from(["", ".svc", ".svc.cluster.local", ".svc.corp.example", ".svc.cluster.local."])


@given(LABEL, LABEL, SCHEME, QUALIFIED, PORT, PATH)
def test_every_qualified_url_names_its_service(name, namespace, scheme, suffix, port, path):
    url = f"{scheme}{name}.{namespace}{suffix}{port}{path}"
    assert find_mention(url, ServiceAddress(name, namespace), "elsewhere", "ANY") == "certain"


@given(LABEL, LABEL, SCHEME, PORT, PATH)
def test_a_short_name_counts_in_its_own_namespace_only(name, namespace, scheme, port, path):
    url, service = f"{scheme}{name}{port}{path}", ServiceAddress(name, namespace)
    assert find_mention(url, service, namespace, "ANY") == "certain"
    assert find_mention(url, service, f"{namespace}-2", "ANY") == "none"


@given(LABEL, LABEL, LABEL, QUALIFIED)
def test_a_longer_name_is_another_service(name, other, namespace, suffix):
    assume(name != namespace)
    for host in (f"{name}-{other}", f"{other}-{name}", f"{name}{other}"):
        url = f"http://{host}.{namespace}{suffix}/"
        assert find_mention(url, ServiceAddress(name, namespace), namespace, "URL") == "none"


@given(LABEL, LABEL)
def test_a_name_below_a_public_domain_is_not_a_service(name, namespace):
    url = f"https://{name}.{namespace}.example.com/{name}"
    assert find_mention(url, ServiceAddress(name, namespace), namespace, "URL") == "none"


@given(st.text(), LABEL, LABEL)
def test_no_text_causes_an_error(text, name, namespace):
    service = ServiceAddress(name, namespace)
    assert find_mention(text, service, namespace, None) in {"certain", "possible", "none"}
    assert find_mention(text, service, namespace, "URL") in {"certain", "possible", "none"}


EXAMPLES = {
    "HTTP://Status-Mock.ANCHOR-PROD.svc/egi": "certain",
    "status-mock:8080": "certain",
    "a:1,status-mock:2;b:3": "certain",
    "status-mock-0.status-mock.anchor-prod.svc:80": "certain",
    "http://status-mock-0.status-mock/": "certain",
    "http://status%2Dmock/": "certain",
    "user:secret@tcp(status-mock:3306)/db": "certain",
    "http://$(STATUS_MOCK_SERVICE_HOST):$(STATUS_MOCK_SERVICE_PORT)": "certain",
    "https://control.example.com/status-mock": "none",
    "https://control.example.com/status-mock.anchor-prod/": "none",
    "status-mock-v2:8080": "none",
    "the status-mock is old": "none",
    "": "none",
}


@pytest.mark.parametrize(("text", "mention"), EXAMPLES.items())
def test_the_forms_of_an_address(text, mention):
    assert find_mention(text, MOCK, "anchor-prod", "EGI_CONTROL_CENTER_URL") == mention


@pytest.mark.parametrize(
    ("variable", "mention"),
    [
        ("REDIS_HOST", "certain"),
        ("upstream", "certain"),
        ("MOCK_URL_2", "possible"),
        ("OTEL_SERVICE_NAME", "possible"),
        ("MODE", "possible"),
        ("NO_PROXY", "none"),
        (None, "none"),
    ],
)
def test_a_single_word_is_certain_in_an_address_variable(variable, mention):
    assert find_mention("status-mock", MOCK, "anchor-prod", variable) == mention
