"""Which objects still need one that is deleted."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor_tui.domain.kubernetes.object_references import find_references, has_hidden_values
from anchor_tui.domain.kubernetes.workloads import read_resource


def make(kind, name="web", api="v1", namespace="prod", **fields):
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    found = read_resource({"apiVersion": api, "kind": kind, "metadata": metadata, **fields})
    assert found is not None
    return found


def pod(**fields):
    containers = [{"name": "web", "image": "web", **fields.pop("container", {})}]
    return make("Deployment", api="apps/v1", spec={"template": {"spec": {"containers": containers, **fields}}})


def env(**item):
    return pod(container={"env": [{"name": "TOKEN", **item}]})


CONFIG, SECRET, CLAIM = make("ConfigMap", "x"), make("Secret", "x"), make("PersistentVolumeClaim", "x")
SERVICE, ACCOUNT = make("Service", "x"), make("ServiceAccount", "x")
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}
BACKEND = {"service": {"name": "x", "port": {"number": 80}}}
OWNERS = {
    "a variable from a ConfigMap": (CONFIG, env(valueFrom={"configMapKeyRef": {"name": "x", "key": "k"}})),
    "a variable from a Secret": (SECRET, env(valueFrom={"secretKeyRef": {"name": "x", "key": "k"}})),
    "all variables of a ConfigMap": (CONFIG, pod(container={"envFrom": [{"configMapRef": {"name": "x"}}]})),
    "all variables of a Secret": (SECRET, pod(container={"envFrom": [{"secretRef": {"name": "x"}}]})),
    "an init container": (SECRET, pod(initContainers=[{"name": "i", "envFrom": [{"secretRef": {"name": "x"}}]}])),
    "a volume of a ConfigMap": (CONFIG, pod(volumes=[{"name": "v", "configMap": {"name": "x"}}])),
    "a volume of a Secret": (SECRET, pod(volumes=[{"name": "v", "secret": {"secretName": "x"}}])),
    "a projected volume": (
        SECRET,
        pod(volumes=[{"name": "v", "projected": {"sources": [{"secret": {"name": "x"}}]}}]),
    ),
    "a claim": (CLAIM, pod(volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "x"}}])),
    "a pull secret": (SECRET, pod(imagePullSecrets=[{"name": "x"}])),
    "a service account": (ACCOUNT, pod(serviceAccountName="x")),
    "a role binding": (
        ACCOUNT,
        make("RoleBinding", api="rbac.authorization.k8s.io/v1", subjects=[{"kind": "ServiceAccount", "name": "x"}]),
    ),
    "a role": (
        make("Role", "x", "rbac.authorization.k8s.io/v1"),
        make("RoleBinding", api="rbac.authorization.k8s.io/v1", roleRef={"kind": "Role", "name": "x"}),
    ),
    "an autoscaler": (
        make("Deployment", "x", "apps/v1"),
        make("HorizontalPodAutoscaler", api="autoscaling/v2", spec={"scaleTargetRef": TARGET}),
    ),
    "an Ingress": (
        SERVICE,
        make("Ingress", api="networking.k8s.io/v1", spec={"rules": [{"http": {"paths": [{"backend": BACKEND}]}}]}),
    ),
    "a default backend": (SERVICE, make("Ingress", api="networking.k8s.io/v1", spec={"defaultBackend": BACKEND})),
    "an old Ingress": (SERVICE, make("Ingress", api="extensions/v1beta1", spec={"backend": {"serviceName": "x"}})),
    "a certificate of an Ingress": (
        SECRET,
        make("Ingress", api="networking.k8s.io/v1", spec={"tls": [{"secretName": "x"}]}),
    ),
    "a route": (
        SERVICE,
        make("HTTPRoute", api="gateway.networking.k8s.io/v1", spec={"rules": [{"backendRefs": [{"name": "x"}]}]}),
    ),
    "a webhook": (
        SERVICE,
        make(
            "ValidatingWebhookConfiguration",
            api="admissionregistration.k8s.io/v1",
            namespace="",
            webhooks=[{"clientConfig": {"service": {"name": "x", "namespace": "prod"}}}],
        ),
    ),
    "a StatefulSet": (SERVICE, make("StatefulSet", api="apps/v1", spec={"serviceName": "x"})),
    "the Secret of an ExternalSecret": (
        make("ExternalSecret", "e", "external-secrets.io/v1", spec={"target": {"name": "x"}}),
        pod(container={"envFrom": [{"secretRef": {"name": "x"}}]}),
    ),
    "a namespace": (make("Namespace", "prod", namespace=""), pod()),
    "a custom kind": (
        make(
            "CustomResourceDefinition",
            "widgets.example.com",
            "apiextensions.k8s.io/v1",
            namespace="",
            spec={"group": "example.com", "names": {"kind": "Widget"}},
        ),
        make("Widget", api="example.com/v1"),
    ),
    "a URL in a variable": (SERVICE, env(value="http://x.prod.svc/egi")),
    "a composed variable": (
        SERVICE,
        pod(container={"env": [{"name": "HOST", "value": "x"}, {"name": "U", "value": "http://$(HOST)/"}]}),
    ),
    "an argument": (SERVICE, pod(container={"args": ["--upstream", "x"]})),
    "an argument with a value": (SERVICE, pod(container={"args": ["--upstream=http://x"]})),
    "a shell command": (SERVICE, pod(container={"command": ["sh", "-c", "curl -f http://x:80/ || exit 1"]})),
    "a ConfigMap's text": (SERVICE, make("ConfigMap", data={"nginx.conf": "proxy_pass http://x:8080;"})),
    "an alias": (SERVICE, make("Service", "alias", spec={"externalName": "x.prod.svc.cluster.local"})),
    "a virtual service": (
        SERVICE,
        make(
            "VirtualService",
            api="networking.istio.io/v1",
            spec={"http": [{"route": [{"destination": {"host": "x"}}]}]},
        ),
    ),
}


@pytest.mark.parametrize("name", OWNERS)
def test_each_form_of_reference_is_found(name):
    deleted, owner = OWNERS[name]
    references = find_references([deleted], [owner])
    assert references, name
    assert all((found.owner, found.target, found.is_certain) == (owner, deleted, True) for found in references)


@pytest.mark.parametrize("name", [name for name in OWNERS if name != "a namespace"])
def test_a_namesake_in_another_namespace_is_not_meant(name):
    deleted, owner = OWNERS[name]
    if not deleted.namespace:
        return
    moved = read_resource(json.loads(json.dumps(deleted.manifest).replace('"namespace": "prod"', '"namespace": "qa"')))
    assert moved is not None
    assert find_references([moved], [owner]) == ()


@given(st.permutations(sorted(OWNERS)))
def test_the_order_of_the_objects_does_not_matter(names):
    owners = [OWNERS[name][1] for name in names]
    deleted = [OWNERS[name][0] for name in names]
    found = {str(reference) for reference in find_references(deleted, owners)}
    again = {str(one) for one in find_references(deleted[::-1], owners[::-1])}
    assert found == again


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["spec", "template", "containers", "env", "name", "volumes", "service", "rules", "data"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(JSON, st.sampled_from(["Deployment", "Ingress", "ConfigMap", "RoleBinding", "Widget", "Service", "Pod"]))
def test_no_structure_of_a_manifest_causes_an_error(spec, kind):
    owner = make(kind, spec=spec, data=spec, subjects=spec, webhooks=spec)
    find_references([SERVICE, CONFIG, SECRET], [owner])
    find_references([owner], [pod()])


def test_objects_without_a_name_refer_to_nothing():
    assert find_references([make("Certificate", "c", "cert-manager.io/v1", spec={})], [pod()]) == ()


def test_a_secret_value_stays_hidden_and_unknown():
    owner = env(valueFrom={"secretKeyRef": {"name": "y", "key": "k"}})
    assert find_references([SERVICE], [owner, make("Secret", "y", data={"k": "aHR0cDovL3g="})]) == ()
    assert has_hidden_values([owner])
    assert not has_hidden_values([env(value="z")])


def test_a_word_that_may_be_a_host_is_only_possible():
    (found,) = find_references([SERVICE], [pod(container={"env": [{"name": "MODE", "value": "x"}]})])
    assert (found.is_certain, str(found)) == (False, "Deployment/web may use Service/x (MODE)")
