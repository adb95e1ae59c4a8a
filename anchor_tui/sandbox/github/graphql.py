"""GitHub's GraphQL: queries over a part of its schema, with its errors and its cost formula."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

import graphql
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)

from anchor_tui.sandbox.clock import Clock, format_rfc3339
from anchor_tui.sandbox.github.graphql_pages import Node, build_error, build_user
from anchor_tui.sandbox.github.mutations import RepositoryMutations
from anchor_tui.sandbox.github.rate_budget import HourlyBudget
from anchor_tui.sandbox.github.repository import HostedRepository
from anchor_tui.sandbox.github.repository_nodes import RepositoryNodes

NODES_PER_POINT = 100


@cache
def load_schema() -> GraphQLSchema:
    """Return the sandbox's part of GitHub's schema."""
    text = resources.files("anchor_tui.sandbox.github").joinpath("schema.graphql").read_text(encoding="utf-8")
    return graphql.build_schema(text)


@lru_cache(maxsize=64)
def _parse_query(query: str) -> DocumentNode | tuple[GraphQLError, ...]:
    """Return a valid query's document, or its errors."""
    try:
        document = graphql.parse(query)
    except GraphQLError as error:
        return (error,)
    return tuple(graphql.validate(load_schema(), document)) or document


@dataclass(frozen=True, slots=True)
class QueryCost:
    """The cost of a query: the nodes it can return, and its points."""

    nodes: int
    points: int


def compute_query_cost(document: DocumentNode, variables: Mapping[str, Any]) -> QueryCost:
    """Return the cost by GitHub's formula.

    A connection counts once for each node above it; a hundred connections are one point.
    """
    fragments = {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    operation = next(
        definition for definition in document.definitions if isinstance(definition, OperationDefinitionNode)
    )
    defaults = {
        variable.variable.name.value: int(variable.default_value.value)
        for variable in operation.variable_definitions or ()
        if isinstance(variable.default_value, IntValueNode)
    }
    sizes = defaults | {name: value for name, value in variables.items() if isinstance(value, int)}

    def size(field: FieldNode) -> int | None:
        for argument in field.arguments or ():
            if argument.name.value in {"first", "last"}:
                if isinstance(argument.value, IntValueNode):
                    return int(argument.value.value)
                if isinstance(argument.value, VariableNode):
                    return sizes.get(argument.value.name.value)
        return None

    def walk(selection: SelectionSetNode | None, above: int) -> tuple[int, int]:
        nodes = requests = 0
        for node in selection.selections if selection else ():
            inside, below = above, None
            if isinstance(node, FragmentSpreadNode):
                below = fragments[node.name.value].selection_set
            elif isinstance(node, InlineFragmentNode):
                below = node.selection_set
            elif isinstance(node, FieldNode):
                below = node.selection_set
                if (page_size := size(node)) is not None:
                    requests += above
                    nodes += above * page_size
                    inside = above * page_size
            more_nodes, more_requests = walk(below, inside)
            nodes, requests = nodes + more_nodes, requests + more_requests
        return nodes, requests

    nodes, requests = walk(operation.selection_set, 1)
    return QueryCost(nodes, max(1, round(requests / NODES_PER_POINT)))


class GraphQLExecutor:
    """Executes queries and mutations on the repositories of a GitHub."""

    def __init__(self, repositories: Mapping[str, HostedRepository], clock: Clock, budget: HourlyBudget) -> None:
        self._repositories = repositories
        self._clock = clock
        self._budget = budget

    def execute(
        self, query: str, variables: Mapping[str, Any], operation: str | None, denied: frozenset[str], viewer: str
    ) -> Node:
        """Return the response in GitHub's format: `data`, and `errors` if there are any."""
        document = _parse_query(query)
        if isinstance(document, tuple):
            return {"errors": [_format_error(error) for error in document]}
        query_cost = compute_query_cost(document, variables)
        if not self._budget.spend(query_cost.points):
            message = "API rate limit already exceeded for user."
            return {"errors": [{"type": "RATE_LIMIT", "code": "graphql_rate_limit", "message": message}]}
        result = graphql.execute_sync(
            load_schema(),
            document,
            root_value=self._build_root_value(query_cost, denied, viewer),
            variable_values=dict(variables),
            operation_name=operation,
            field_resolver=_make_resolver(denied),
        )
        answer: Node = {"data": result.data}
        if result.errors:
            answer["errors"] = [_format_error(error) for error in result.errors]
        return answer

    def _build_root_value(self, query_cost: QueryCost, denied: frozenset[str], viewer: str) -> Node:
        """Return the fields of a query and of a mutation. Their names do not overlap."""
        budget = self._budget
        return RepositoryMutations(self._repositories, self._clock.now(), viewer, denied).build_root() | {
            "viewer": build_user(viewer),
            "rateLimit": {
                "limit": budget.limit,
                "cost": query_cost.points,
                "remaining": budget.remaining,
                "used": budget.used,
                "resetAt": format_rfc3339(budget.reset_at),
                "nodeCount": query_cost.nodes,
            },
            "repository": lambda _info, owner, name, followRenames=True: self._find_repository(  # noqa: N803
                f"{owner}/{name}", followRenames, denied
            ),
        }

    def _find_repository(self, name: str, follow: bool, denied: frozenset[str]) -> Node:
        hosted = self._repositories.get(name.lower())
        if hosted is None or (hosted.full_name.lower() != name.lower() and not follow):
            raise build_error("NOT_FOUND", f"Could not resolve to a Repository with the name '{name}'.")
        return RepositoryNodes(hosted, self._clock.now(), denied).build_repository()


def _make_resolver(denied: frozenset[str]) -> Any:  # noqa: ANN401 - graphql-core's own type is not narrower
    """Return the default resolver, but with errors for fields that the token may not read."""
    if not denied - {"contexts"}:
        return graphql.default_field_resolver

    def resolve(source: Any, info: graphql.GraphQLResolveInfo[Any], **arguments: Any) -> Any:  # noqa: ANN401
        if info.field_name in denied and info.field_name != "contexts":
            raise build_error("FORBIDDEN", "Resource not accessible by personal access token", saml_failure=False)
        return graphql.default_field_resolver(source, info, **arguments)

    return resolve


def _format_error(error: GraphQLError) -> Node:
    """Return an error in GitHub's format: `type` is not in the extensions."""
    extensions = dict(error.extensions or {})
    kind = extensions.pop("type", None)
    worded: Node = {"type": kind} if kind else {}
    if error.path:
        worded["path"] = error.path
    if extensions:
        worded["extensions"] = extensions
    if error.locations:
        worded["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    worded["message"] = error.message
    return worded
