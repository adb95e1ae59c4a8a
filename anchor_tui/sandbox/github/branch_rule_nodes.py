"""The rules of a protected branch in GraphQL: as branch protection and as a ruleset."""

from __future__ import annotations

from anchor_tui.sandbox.github.accounts import APP_IDS
from anchor_tui.sandbox.github.graphql_pages import Node
from anchor_tui.sandbox.github.repository import HostedRepository


def build_update_rule(hosted: HostedRepository) -> Node:
    """Return the branch protection rule."""
    return {
        "requiredApprovingReviewCount": hosted.required_reviews,
        "requiredStatusCheckContexts": list(hosted.required_checks),
        "requiresCodeOwnerReviews": bool(hosted.required_reviews),
        "requiresSignatures": False,
        "requiresLinearHistory": True,
        "requiresConversationResolution": False,
        "viewerCanPush": hosted.can_write,
    }


def build_rules(hosted: HostedRepository) -> list[Node]:
    """Return the same rules as a ruleset."""
    review = {
        "__typename": "PullRequestParameters",
        "requiredApprovingReviewCount": hosted.required_reviews,
        "requireCodeOwnerReview": bool(hosted.required_reviews),
        "requireLastPushApproval": False,
        "dismissStaleReviewsOnPush": True,
        "allowedMergeMethods": sorted(hosted.merge_methods),
    }
    rules: list[Node] = [{"type": "DELETION", "parameters": None}, {"type": "NON_FAST_FORWARD", "parameters": None}]
    rules.append({"type": "PULL_REQUEST", "parameters": review})
    if hosted.required_checks:
        app_id = APP_IDS["github-actions"]
        checks = {
            "__typename": "RequiredStatusChecksParameters",
            "strictRequiredStatusChecksPolicy": hosted.strict_checks,
            "requiredStatusChecks": [{"context": name, "integrationId": app_id} for name in hosted.required_checks],
        }
        rules.append({"type": "REQUIRED_STATUS_CHECKS", "parameters": checks})
    if hosted.merge_queue:
        queue = {
            "__typename": "MergeQueueParameters",
            "mergeMethod": "SQUASH",
        }
        rules.append({"type": "MERGE_QUEUE", "parameters": queue})
    return rules
