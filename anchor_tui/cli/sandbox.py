"""The arguments of `anchor-tui sandbox serve`. The command itself is in `anchor_tui.sandbox.command`."""

from __future__ import annotations

import argparse
from pathlib import Path

from anchor_tui.cli.arguments import add_scenario_option

FAULTS_HELP = """\
faults have the format SIDE:KIND[=VALUE][,times=N][,path=PREFIX][,method=METHOD][,operation=MUTATION]. SIDE is argocd,
github or status. MUTATION is a field of a GraphQL mutation, such as createCommitOnBranch. KIND is one of:
  latency=SECONDS        respond later
  status=STATUS          respond with 401, 403, 404, 429, 500, 502, 503 or 504, and the real server's body
  secondary-limit        respond with 403 and retry-after, as GitHub's secondary rate limit
  invalid-token          revoke the token
  html                   respond with a proxy's login page and status 200
  truncated              end the body in the middle, with status 200
  reset                  reset the connection; reset=after: after handling the request
  hang                   never respond; hang=after: after handling the request
  duplicate              handle the request twice, and send the second response
  dead-stream            argocd: send nothing after the first events of a stream
  forbidden=APPLICATION  argocd: hide one application from the token
  deny=FIELD             github: hide a GraphQL field, such as contexts, from the token

examples:
  anchor-tui sandbox serve --scenario incident
  anchor-tui sandbox serve --scenario incident --write /tmp/box --fault argocd:latency=0.3
  . /tmp/box/env && anchor-tui --config /tmp/box/anchor-tui.toml
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `sandbox`."""
    commands = parser.add_subparsers(dest="sandbox_command", metavar="COMMAND", required=True)
    serve = commands.add_parser(
        "serve",
        help="serve an Argo CD, a GitHub and a status API on loopback, until SIGTERM",
        description="Serve an Argo CD, a GitHub and a status API on loopback. When all listen, print their URLs and "
        "tokens as one line of JSON. SIGTERM or SIGINT ends the command.",
        epilog=FAULTS_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_scenario_option(serve)
    serve.add_argument(
        "--write",
        type=Path,
        metavar="DIR",
        help="write DIR/anchor-tui.toml, DIR/env with the tokens, and DIR/argocd-config for ARGOCD_CONFIG_DIR",
    )
    serve.add_argument("--fault", action="append", default=[], metavar="FAULT", help="turn on a fault; may be repeated")
    serve.add_argument("--port-argocd", type=int, default=0, metavar="N", help="port of Argo CD (default: any)")
    serve.add_argument("--port-github", type=int, default=0, metavar="N", help="port of GitHub (default: any)")
    serve.add_argument("--port-status", type=int, default=0, metavar="N", help="port of the status API (default: any)")
    serve.add_argument(
        "--until-stdin-closes",
        action="store_true",
        help="end when stdin is closed, and remove the --write folder",
    )
