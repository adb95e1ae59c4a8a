"""An Argo CD and a GitHub on loopback sockets over one git repository in memory, for demos and for tests.

    from anchor_tui.sandbox.server import Sandbox, running

    async with Sandbox.start("incident") as box:      # inside an event loop
        box.argocd_url, box.argocd_token, box.github_url, box.github_token
        box.commit({"README.md": "…"}, "Say more")    # Argo CD notices, compares, syncs
        box.faults.add("argocd:latency=0.3")

    with running("steady") as box: ...                # in a thread of its own

What belongs together:

    clock                                  the time that everything here goes by
    repository, story, scenarios, estate   the ops repo, its past, and what is wrong today
    render, applications, controller       what the chart renders, and the reconciliation of it
    argocd, watch, documents, selectors, sessions, projects    Argo CD's HTTP API
    hosting, github, graphql, nodes, rest, budget              GitHub's
    faults, faulty                         what can be made to go wrong
    server, serve                          the sockets, and the command

Nothing here imports the rest of anchor-tui: it stands in for the outside.
"""
