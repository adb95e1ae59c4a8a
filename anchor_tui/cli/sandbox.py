"""`anchor-tui sandbox serve`: its arguments. What it does is in anchor_tui.sandbox.command, imported only then."""

from __future__ import annotations

import argparse
from pathlib import Path

from anchor_tui.cli.arguments import add_scenario_option

FAULTS_HELP = """\
faults, each SIDE:KIND[=VALUE][,times=N][,path=PREFIX][,method=METHOD][,operation=MUTATION]; SIDE is argocd, github
or status; MUTATION a field of GraphQL, such as createRef:
  latency=SECONDS        answers later
  status=STATUS          answers 401, 403, 404, 429, 500, 502, 503 or 504, with the body of the real one
  secondary-limit        403 with retry-after, as GitHub's secondary rate limit
  invalid-token          the token is revoked
  html                   a proxy's login page, with status 200
  truncated              the body ends in the middle, with status 200
  reset                  the connection is reset; reset=after: once the request was carried out
  hang                   no answer, ever; hang=after: though the request was carried out
  duplicate              the request is carried out twice, and the second answer is given
  dead-stream            argocd: a stream says nothing more after its first round
  forbidden=APPLICATION  argocd: one application that the token may not see
  deny=FIELD             github: a GraphQL field that the token may not see, such as contexts

for example:
  anchor-tui sandbox serve --scenario incident --write /tmp/box --fault argocd:latency=0.3
  . /tmp/box/env && anchor-tui --config /tmp/box/anchor-tui.toml
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `sandbox`."""
    commands = parser.add_subparsers(dest="sandbox_command", metavar="COMMAND", required=True)
    serve = commands.add_parser(
        "serve",
        help="serve an Argo CD, a GitHub and a status API on loopback, until SIGTERM",
        description="Serves an Argo CD, a GitHub and a status API on loopback. When all listen, one JSON line on "
        "stdout says where, with the tokens. Ends on SIGTERM or SIGINT.",
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
    serve.add_argument(
        "--fault", action="append", default=[], metavar="FAULT", help="let something go wrong; may be repeated"
    )
    serve.add_argument("--port-argocd", type=int, default=0, metavar="N", help="default: any free port")
    serve.add_argument("--port-github", type=int, default=0, metavar="N", help="default: any free port")
    serve.add_argument("--port-status", type=int, default=0, metavar="N", help="default: any free port")
    serve.add_argument(
        "--until-stdin-closes",
        action="store_true",
        help="end when stdin does, as the parent is gone, and remove the --write folder",
    )
