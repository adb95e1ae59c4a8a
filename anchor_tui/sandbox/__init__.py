"""An Argo CD, a GitHub and a status API on loopback sockets over a git repository in memory, for demos and tests.

    from anchor_tui.sandbox.server import Sandbox, run_sandbox_in_thread

    async with Sandbox.start("incident") as box:      # inside an event loop
        box.argocd_url, box.argocd_token, box.github_url, box.github_token
        box.commit({"README.md": "…"}, "Extend the README")    # Argo CD notices, compares and syncs
        box.github_repo.required_reviews = 1          # GitHub's rules are attributes
        box.approve(232, by="a-lee")
        box.status_url, box.status_token, box.status_api.events
        box.faults.add("argocd:latency=0.3")
        box.kubectl.edit_object("anchor-msp-prod", "Deployment", "anchor-web", "spec.replicas", 3)    # drift
        box.controller.windows.append(ProjectSyncWindow.deny_all("anchor-msp-prod"))

    with run_sandbox_in_thread("steady") as box: ...  # without an event loop

Sub-packages:

    git/          the repositories, kept by dulwich
    scenarios/    the history of the ops repo, and the problems of each scenario
    argocd/       the chart's manifests, the application controller, the cluster, and the HTTP API
    github/       pull requests, checks, workflows, and GraphQL and REST
    faults/       faults of the servers: delays, errors, lost responses
    status_api    the server for release events
    server        all servers together; `sockets` has the listeners, `command` the command line

A state to start in is an entry of `scenarios.catalog.SCENARIOS`; a kind of fault is a `faults.switches.FaultKind`.
The sandbox imports nothing from the rest of anchor-tui: it replaces the outside systems.
"""
