"""An Argo CD, a GitHub and a status API on loopback sockets over one git repository in memory, for demos and tests.

    from anchor_tui.sandbox.server import Sandbox, running

    async with Sandbox.start("incident") as box:      # inside an event loop
        box.argocd_url, box.argocd_token, box.github_url, box.github_token
        box.commit({"README.md": "…"}, "Say more")    # Argo CD notices, compares, syncs
        box.hosted.required_reviews = 1               # every rule of GitHub is a switch there
        box.approve(232, by="a-lee")
        box.status_url, box.status_token, box.status_api.events
        box.faults.add("argocd:latency=0.3")
        box.kubectl.edit("anchor-msp-prod", "Deployment", "anchor-web", "spec.replicas", 3)    # by hand: drift
        box.controller.windows.append(Window.frozen("anchor-msp-prod"))    # and failing, invalid, is_down

    with running("steady") as box: ...                # in a thread of its own

What belongs together:

    clock                                           the time that everything here goes by
    repository, story, scenarios, estate            the ops repo, its past, and what is wrong today
    render, applications, controller, pace          what the chart renders, and its reconciliation
    autosync, operations, tasks, options, applying, windows               when it syncs, and what a sync does
    kubectl                                         what somebody does to the cluster by hand
    argocd, answers, watch, documents, manifests, selectors, sessions, projects      Argo CD's HTTP API
    writes, requests                                its writing half
    accounts, pulls, runs, hosting, merging         what GitHub keeps around git
    writing, landing, workflows                     what may be written and merged, and what happens by itself
    github, budget, ids                             GitHub's HTTP API: tokens, limits, errors,
    graphql, nodes, pull_nodes, rule_nodes, connections, mutations                      its GraphQL
    rest, rest_base, rest_writes, rest_pulls, rest_actions, rest_documents, pull_documents      and its REST
    status_api                                      where events about releases are sent
    faults, faulty                                  what can be made to go wrong
    sockets, server, serve                          the sockets, the whole, and the command

A state of the estate is an entry of `scenarios.SCENARIOS`; something that goes wrong is a `faults.Kind`.
Nothing here imports the rest of anchor-tui: it stands in for the outside.
"""
