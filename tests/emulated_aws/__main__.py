# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the emulated AWS: ``PYTHONPATH=tests python -m emulated_aws --help``."""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import signal
import sys
import types

from emulated_aws.surroundings import forget

# moto makes clients of its own, some as it is imported, which a profile of the user's would stop.
IGNORED = forget(os.environ)

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from emulated_aws import admin
from emulated_aws.clock import clock
from emulated_aws.identity import ACCOUNTS, HOME_ACCOUNT, account_access_key
from emulated_aws.server import create_app

HELP_TO_CONNECT = """The emulated AWS listens at {url}. Any client reaches it with
  unset AWS_PROFILE AWS_SESSION_TOKEN
  export AWS_ENDPOINT_URL={url} AWS_URL={url}
  export AWS_ACCESS_KEY_ID={key} AWS_SECRET_ACCESS_KEY=emulated AWS_DEFAULT_REGION=us-east-1
Accounts: {accounts}; an access key id is AKIA0000 and the account's number.
Admin path: {url}/_emulator/state, /_emulator/catalogue, /_emulator/log"""


class QuietHandler(MotoRequestHandler):
    """moto's handler without a line for each request, as there is the call log."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write nothing."""


# A copy is pending first, and an instance starts: long enough to be seen, short enough to be waited for.
SHORT_DURATIONS = {
    "copy_seconds_minimum": 5.0,
    "copy_seconds_per_gib": 0.5,
    "snapshot_seconds_per_gib": 0.5,
    "instance_start_seconds": 3.0,
    "instance_stop_seconds": 3.0,
    "volume_create_seconds": 1.0,
    "not_found_lag": 0.5,
    "tag_filter_lag": 1.0,
    "deregistered_image_listed_seconds": 2.0,
    "grant_consistency_seconds": 2.0,
    "ssm_image_validation_seconds": 2.0,
    "usage_report_seconds": 5.0,
    "instance_refresh_seconds": 5.0,
    "snapshot_recovery_seconds": 2.0,
}


def parse_arguments() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(prog="emulated_aws", description="An emulated AWS for images, snapshots and keys.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5000, help="0 takes any free one")
    parser.add_argument("--ready-file", type=pathlib.Path, help="gets the URL as soon as calls are answered")
    parser.add_argument("--clock", choices=["real", "manual"], default="real")
    parser.add_argument("--speed", type=float, default=1.0, help="virtual seconds per real second")
    parser.add_argument("--durations", choices=["none", "short"], default="none", help="short: as AWS, in seconds")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="real time that each call takes")
    parser.add_argument("--seed", choices=["full", "odd", "none"], default="full")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a setting; VALUE is JSON or text"
    )
    return parser.parse_args()


def parse_setting(text: str) -> tuple[str, object]:
    """Return name and value of ``NAME=VALUE``."""
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def end(_number: int, _frame: types.FrameType | None) -> None:
    """End at once, whatever is held or asleep."""
    os._exit(0)


def main() -> int:
    """Serve until a signal comes; return the exit code."""
    options = parse_arguments()
    if IGNORED:
        print(f"ignored: {', '.join(IGNORED)}", file=sys.stderr, flush=True)
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    application = create_app()
    clock.configure(manual=options.clock == "manual", speed=options.speed)
    try:
        admin.call(application, "settings", {"latency_ms": options.latency_ms, **dict(map(parse_setting, options.set))})
        admin.call(application, "seed", {"seed": options.seed})
        if options.durations == "short":
            # After the seed, which is there from the start; what the command line sets itself stays.
            chosen = dict(map(parse_setting, options.set))
            admin.call(application, "settings", SHORT_DURATIONS | chosen)
        server = make_server(options.host, options.port, application, threaded=True, request_handler=QuietHandler)
    except (ValueError, OSError) as error:
        print(f"emulated_aws: {error}", file=sys.stderr)
        return 2
    url = f"http://{options.host}:{server.port}"
    accounts = ", ".join(f"{number} ({name})" for number, name in ACCOUNTS.items())
    print(HELP_TO_CONNECT.format(url=url, key=account_access_key(HOME_ACCOUNT), accounts=accounts), flush=True)
    if options.ready_file:
        publish(options.ready_file, url)
    server.serve_forever()
    return 0


def publish(path: pathlib.Path, url: str) -> None:
    """Write the URL so that no reader sees half of it."""
    draft = path.with_name(f"{path.name}.draft")
    draft.write_text(f"{url}\n")
    draft.replace(path)


if __name__ == "__main__":
    sys.exit(main())
