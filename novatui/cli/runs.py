"""``novatui runs``: the runs of this operator on this machine, the newest first."""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for programs")


def main(args: argparse.Namespace) -> int:
    from novatui.runner import client

    found = client.runs()
    if args.json:
        import msgspec

        print(msgspec.json.format(msgspec.json.encode({"schema": 1, "runs": found}), indent=2).decode())
        return 0
    if not found:
        print("No runs yet.")
        return 0
    from novatui.cli.follow import stamp

    print(f"{'RUN':<12} {'RUNBOOK':<18} {'CLUSTER':<16} {'STARTED':<19} STATE")
    for one in found:
        state = one.result or (
            "under way: " + one.phase if one.alive else "interrupted: novatui resume " + one.run
        )
        print(
            f"{one.run:<12} {one.runbook:<18} {one.cluster:<16} {stamp(one.started_ms, date=True):<19} {state}"
        )
    return 0
