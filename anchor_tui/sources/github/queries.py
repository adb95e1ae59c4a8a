"""The GraphQL documents of the polls, built from the configuration.

One poll costs one point by GitHub's formula (requested connections divided by 100). Not every environment's name is a
valid GraphQL alias, so aliases contain the environment's number: e0Release, e1Release, …
"""

from __future__ import annotations

from dataclasses import dataclass

from anchor_tui.config.model import ChartConfig, EnvironmentConfig, GitHubConfig

PULL_REQUESTS_PER_PAGE = 40
"""With labels, files and checks of each, a poll still costs one point."""
HISTORY_LENGTH = 30
MAX_CHECKS = 100

CHECK_CONTEXT_FIELDS = f"""contexts(first: {MAX_CHECKS}) {{ ...Checks }}"""
"""The first page of a commit's checks. The document has to contain `CHECKS_FRAGMENT`."""
CHECKS_FRAGMENT = """fragment Checks on StatusCheckRollupContextConnection {
  pageInfo { hasNextPage endCursor }
  nodes {
    __typename
    ... on CheckRun { name status conclusion startedAt completedAt checkSuite { app { databaseId slug } } }
    ... on StatusContext { context state createdAt }
  }
}"""
_CONTENT_FRAGMENT = (
    "fragment Content on TreeEntry { oid object { ... on Blob { oid text isBinary isTruncated byteSize } } }"
)
_CHANGE_FRAGMENT = """fragment Change on CommitHistoryConnection {
  nodes {
    oid committedDate author { name user { login } }
    associatedPullRequests(first: 5) { nodes { number title url merged } }
  }
}"""
_BUDGET_FIELD = "rateLimit { limit cost remaining resetAt }"


@dataclass(frozen=True, slots=True)
class QueryDocument:
    """A GraphQL query: its text, and the variables that never change."""

    text: str
    variables: tuple[tuple[str, str | int], ...] = ()


MORE_CHECKS_QUERY = QueryDocument(
    f"""query MoreChecks($owner: String!, $name: String!, $oid: GitObjectID!, $after: String!) {{
  {_BUDGET_FIELD}
  repository(owner: $owner, name: $name, followRenames: true) {{
    object(oid: $oid) {{ ... on Commit {{
      statusCheckRollup {{ contexts(first: {MAX_CHECKS}, after: $after) {{ ...Checks }} }}
    }} }}
  }}
}}
{CHECKS_FRAGMENT}"""
)
"""A further page of a commit's checks."""


@dataclass(frozen=True, slots=True)
class RepoQueries:
    """Every GraphQL document of the polls."""

    poll: QueryDocument
    more_pull_requests: QueryDocument
    history: QueryDocument

    @property
    def texts(self) -> frozenset[str]:
        """The documents that the client has to allow."""
        return frozenset({self.poll.text, self.more_pull_requests.text, self.history.text, MORE_CHECKS_QUERY.text})


def build_queries(github: GitHubConfig, environments: tuple[EnvironmentConfig, ...], chart: ChartConfig) -> RepoQueries:
    """Build the documents for these environments. Paths are variables, so any path is safe."""
    owner, _, name = github.ops_repo.partition("/")
    numbers = range(len(environments))
    branch_variables = (("owner", owner), ("name", name), ("ref", f"refs/heads/{github.branch}"))
    paths = tuple((f"e{n}Release", environments[n].release) for n in numbers)
    overlays = tuple((f"e{n}Values", environments[n].values) for n in numbers)
    manifests = tuple((f"e{n}Application", application_path(chart, environments[n])) for n in numbers)
    charts = (("chartAbout", f"{chart.path}/Chart.yaml"), ("chartValues", f"{chart.path}/values.yaml"))
    branch = (("branch", github.branch),)
    return RepoQueries(
        poll=QueryDocument(_build_poll(numbers), (*branch_variables, *branch, *charts, *paths, *overlays, *manifests)),
        more_pull_requests=QueryDocument(_build_more_pull_requests(numbers), (*branch_variables[:2], *branch, *paths)),
        history=QueryDocument(_build_history(numbers), (*branch_variables, *paths)),
    )


def application_path(chart: ChartConfig, environment: EnvironmentConfig) -> str:
    """Return the path of an environment's Application manifest in the ops repo."""
    return f"{chart.applications}/{environment.name}.yaml"


def _declare_variables(numbers: range, *suffixes: str) -> str:
    return ", ".join(f"$e{n}{suffix}: String!" for n in numbers for suffix in suffixes)


def _build_poll(numbers: range) -> str:
    files = "\n".join(
        f"e{n}Release: file(path: $e{n}Release) {{ ...Content }}\n"
        f"e{n}Values: file(path: $e{n}Values) {{ ...Content }}\n"
        f"e{n}Application: file(path: $e{n}Application) {{ ...Content }}\n"
        f"e{n}Change: history(first: 1, path: $e{n}Release) {{ ...Change }}"
        for n in numbers
    )
    return f"""query Poll($owner: String!, $name: String!, $ref: String!, $branch: String!, $chartValues: String!,
  $chartAbout: String!, {_declare_variables(numbers, "Release", "Values", "Application")}) {{
  {_BUDGET_FIELD}
  viewer {{ login }}
  repository(owner: $owner, name: $name, followRenames: true) {{
    nameWithOwner url
    ref(qualifiedName: $ref) {{
      refUpdateRule {{ requiredStatusCheckContexts }}
      rules(first: 100) {{ pageInfo {{ hasNextPage endCursor }} nodes {{ parameters {{
        ... on RequiredStatusChecksParameters {{ requiredStatusChecks {{ context integrationId }} }}
      }} }} }}
      target {{ ... on Commit {{
        oid messageHeadline committedDate author {{ name user {{ login }} }}
        statusCheckRollup {{ {CHECK_CONTEXT_FIELDS} }}
        chartAbout: file(path: $chartAbout) {{ ...Content }}
        chartValues: file(path: $chartValues) {{ ...Content }}
        {files}
      }} }}
    }}
    {_build_pull_requests_field("")}
  }}
}}
{_CONTENT_FRAGMENT}
{CHECKS_FRAGMENT}
{_CHANGE_FRAGMENT}
{_build_pull_request_fragment(numbers)}"""


def _build_more_pull_requests(numbers: range) -> str:
    return f"""query MorePullRequests($owner: String!, $name: String!, $branch: String!, $after: String!,
  {_declare_variables(numbers, "Release")}) {{
  {_BUDGET_FIELD}
  repository(owner: $owner, name: $name, followRenames: true) {{ {_build_pull_requests_field(", after: $after")} }}
}}
{_CONTENT_FRAGMENT}
{CHECKS_FRAGMENT}
{_build_pull_request_fragment(numbers)}"""


def _build_pull_requests_field(after: str) -> str:
    order = "orderBy: {field: UPDATED_AT, direction: DESC}"
    arguments = f"states: [OPEN], baseRefName: $branch, first: {PULL_REQUESTS_PER_PAGE}{after}, {order}"
    return f"""pullRequests({arguments}) {{
      totalCount pageInfo {{ hasNextPage endCursor }} nodes {{ ...Pull }}
    }}"""


def _build_pull_request_fragment(numbers: range) -> str:
    files = " ".join(f"e{n}Release: file(path: $e{n}Release) {{ ...Content }}" for n in numbers)
    return f"""fragment Pull on PullRequest {{
  number title url isDraft createdAt author {{ login }} headRefName headRefOid isCrossRepository
  mergeable reviewDecision labels(first: 20) {{ nodes {{ name }} }}
  files(first: 100) {{ totalCount nodes {{ path }} }}
  headRef {{ target {{ ... on Commit {{ {files} }} }} }}
  statusCheckRollup {{ state {CHECK_CONTEXT_FIELDS} }}
}}"""


def _build_history(numbers: range) -> str:
    parts = "\n".join(
        f"""e{n}History: history(first: {HISTORY_LENGTH}, path: $e{n}Release) {{
          pageInfo {{ hasNextPage }}
          nodes {{
            oid committedDate author {{ name user {{ login }} }}
            associatedPullRequests(first: 5) {{ nodes {{ number title url merged }} }}
            release: file(path: $e{n}Release) {{ ...Content }}
          }}
        }}"""
        for n in numbers
    )
    paths = _declare_variables(numbers, "Release")
    return f"""query History($owner: String!, $name: String!, $ref: String!, {paths}) {{
  {_BUDGET_FIELD}
  repository(owner: $owner, name: $name, followRenames: true) {{
    ref(qualifiedName: $ref) {{ target {{ ... on Commit {{ oid
      {parts}
    }} }} }}
  }}
}}
{_CONTENT_FRAGMENT}"""
