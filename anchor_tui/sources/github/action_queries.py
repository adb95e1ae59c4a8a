"""The GraphQL documents with which actions read GitHub; the variables of each are set by its reader."""

from __future__ import annotations

from anchor_tui.sources.github.queries import CHECK_CONTEXT_FIELDS, CHECKS_FRAGMENT, MORE_CHECKS_QUERY, QueryDocument

_PULL_REQUEST_FRAGMENT = f"""fragment PullRequestState on PullRequest {{
  id number title url state isDraft baseRefName headRefName headRefOid isCrossRepository
  mergeable mergeStateStatus reviewDecision
  body author {{ login }} mergedAt mergedBy {{ login }} mergeCommit {{ oid }}
  labels(first: 30) {{ nodes {{ name }} }}
  reviewRequests(first: 30) {{ nodes {{ requestedReviewer {{ ... on User {{ login }} ... on Team {{ slug }} }} }} }}
  latestOpinionatedReviews(first: 30) {{ nodes {{ author {{ login }} }} }}
  autoMergeRequest {{ enabledAt }} isMergeQueueEnabled mergeQueueEntry {{ position }} viewerCanEnableAutoMerge
  statusCheckRollup {{ state {CHECK_CONTEXT_FIELDS} }}
}}
{CHECKS_FRAGMENT}"""
_PERMISSION_FIELDS = """viewer { login }
  repository(owner: $owner, name: $name, followRenames: true) {
    isArchived viewerPermission autoMergeAllowed mergeCommitAllowed squashMergeAllowed rebaseMergeAllowed
    viewerDefaultMergeMethod"""
BRANCH_QUERY = QueryDocument(
    f"""query ExistingBranch($owner: String!, $name: String!, $ours: String!, $head: String!, $base: String!,
  $release: String!, $values: String!, $after: String) {{
  {_PERMISSION_FIELDS}
    ref(qualifiedName: $ours) {{ target {{ ... on Commit {{
      oid parents(first: 1) {{ nodes {{ oid }} }}
      release: file(path: $release) {{ oid }}
      values: file(path: $values) {{ oid }}
    }} }} }}
    pullRequests(headRefName: $head, baseRefName: $base, states: [OPEN], first: 20, after: $after) {{
      pageInfo {{ hasNextPage endCursor }} nodes {{ ...PullRequestState }}
    }}
  }}
}}
{_PULL_REQUEST_FRAGMENT}"""
)
PULL_REQUEST_QUERY = QueryDocument(
    f"""query PullRequest($owner: String!, $name: String!, $number: Int!) {{
  {_PERMISSION_FIELDS}
    pullRequest(number: $number) {{ ...PullRequestState }}
  }}
}}
{_PULL_REQUEST_FRAGMENT}"""
)
HISTORY_PAGE_QUERY = QueryDocument(
    """query HistoryPage($owner: String!, $name: String!, $ref: String!, $path: String!, $after: String) {
  repository(owner: $owner, name: $name, followRenames: true) {
    ref(qualifiedName: $ref) { target { ... on Commit { oid
      past: history(first: 100, path: $path, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes {
          oid committedDate author { name user { login } }
          associatedPullRequests(first: 5) { nodes { number title url merged } }
          release: file(path: $path) { oid object { ... on Blob { oid text isBinary isTruncated byteSize } } }
        }
      }
    } } }
  }
}"""
)
ACTION_QUERY_TEXTS = frozenset(
    {BRANCH_QUERY.text, PULL_REQUEST_QUERY.text, HISTORY_PAGE_QUERY.text, MORE_CHECKS_QUERY.text}
)
