"""The GraphQL documents with which the pull request screen reads GitHub."""

from __future__ import annotations

from anchor_tui.sources.github.queries import MAX_CHECKS, QueryDocument

MAX_REVIEWS = 50
MAX_COMMITS = 50
MAX_THREADS = 50
MAX_THREAD_COMMENTS = 10
"""With these numbers of review threads and comments, a reading still costs one point."""
_CHECKS_FRAGMENT = """fragment DetailedChecks on StatusCheckRollupContextConnection {
  totalCount
  pageInfo { hasNextPage endCursor }
  nodes {
    __typename
    ... on CheckRun {
      name status conclusion startedAt completedAt detailsUrl checkSuite { app { databaseId slug } }
    }
    ... on StatusContext { context state createdAt targetUrl description }
  }
}"""
PULL_REQUEST_DETAILS_QUERY = QueryDocument(
    f"""query PullRequestDetails($owner: String!, $name: String!, $number: Int!) {{
  repository(owner: $owner, name: $name, followRenames: true) {{
    pullRequest(number: $number) {{
      number title url body state isDraft isCrossRepository createdAt updatedAt closedAt mergedAt mergedBy {{ login }}
      author {{ login }} baseRefName headRefName headRefOid mergeable mergeStateStatus reviewDecision
      additions deletions changedFiles autoMergeRequest {{ enabledAt }} mergeQueueEntry {{ position }}
      labels(first: 30) {{ nodes {{ name }} }}
      reviewRequests(first: 30) {{ nodes {{ requestedReviewer {{ ... on User {{ login }} ... on Team {{ slug }} }} }} }}
      reviews(last: {MAX_REVIEWS}) {{ nodes {{ author {{ login }} state submittedAt }} }}
      commits(last: {MAX_COMMITS}) {{ totalCount nodes {{ commit {{
        oid messageHeadline committedDate author {{ name user {{ login }} }}
      }} }} }}
      reviewThreads(last: {MAX_THREADS}) {{ totalCount nodes {{
        isResolved isOutdated path line originalLine
        comments(first: {MAX_THREAD_COMMENTS}) {{ totalCount nodes {{ author {{ login }} body createdAt url }} }}
      }} }}
      statusCheckRollup {{ state contexts(first: {MAX_CHECKS}) {{ ...DetailedChecks }} }}
    }}
  }}
}}
{_CHECKS_FRAGMENT}"""
)
PULL_REQUEST_CHECKS_QUERY = QueryDocument(
    f"""query PullRequestChecks($owner: String!, $name: String!, $number: Int!, $after: String!) {{
  repository(owner: $owner, name: $name, followRenames: true) {{
    pullRequest(number: $number) {{
      headRefOid
      statusCheckRollup {{ contexts(first: {MAX_CHECKS}, after: $after) {{ ...DetailedChecks }} }}
    }}
  }}
}}
{_CHECKS_FRAGMENT}"""
)
"""A further page of the checks of a pull request."""
INSPECTION_QUERY_TEXTS = frozenset({PULL_REQUEST_DETAILS_QUERY.text, PULL_REQUEST_CHECKS_QUERY.text})
