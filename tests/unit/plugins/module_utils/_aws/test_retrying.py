# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One retry policy: how many requests a call makes over the wire, and for how long."""

from __future__ import annotations

import http.server
import threading
import time
import typing as t

import boto3
import botocore.exceptions
import pytest

from ansible_collections.sealed.ami.plugins.module_utils._aws.connection import Connection
from ansible_collections.sealed.ami.plugins.module_utils._aws.errors import AwsError, call
from ansible_collections.sealed.ami.plugins.module_utils._aws.retrying import retrying_until

THROTTLED = (
    b"<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>.</Message></Error></Errors></Response>"
)


class Endpoint(http.server.BaseHTTPRequestHandler):
    """Answer every request with the same error, and count."""

    requests = 0
    status = 503
    body = THROTTLED

    def do_POST(self) -> None:
        """Answer one call."""
        type(self).requests += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_unused: t.Any) -> None:
        """Print nothing."""


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return how long was slept, which takes no time."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


@pytest.fixture
def endpoint() -> t.Iterator[tuple[type[Endpoint], t.Any]]:
    """Return an endpoint on this machine and an EC2 client for it."""

    class Counted(Endpoint):
        pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Counted)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    session = boto3.session.Session(aws_access_key_id="AKIA", aws_secret_access_key="none")
    url = f"http://127.0.0.1:{server.server_address[1]}"
    yield Counted, Connection(session, endpoint_url=url).client("ec2", "us-east-1")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(THROTTLED, 503, id="throttled"),
        pytest.param(THROTTLED.replace(b"RequestLimitExceeded", b"InternalError"), 500, id="server error"),
        pytest.param(b"<html/>", 502, id="a balancer"),
    ],
)
def test_a_call_makes_as_many_requests_as_its_policy_says(
    endpoint: tuple[type[Endpoint], t.Any], slept: list[float], body: bytes, status: int
) -> None:
    counted, client = endpoint
    counted.body, counted.status = body, status
    with pytest.raises(AwsError):
        call("describe regions", client.describe_regions)
    assert (counted.requests, len(slept)) == (20, 19)
    assert sum(slept) < 180
    counted.requests = 0
    with pytest.raises(AwsError):
        call("describe regions", client.describe_regions, retry=False)
    assert counted.requests == 1


def test_what_aws_refuses_for_good_is_asked_once(endpoint: tuple[type[Endpoint], t.Any], slept: list[float]) -> None:
    counted, client = endpoint
    counted.body, counted.status = THROTTLED.replace(b"RequestLimitExceeded", b"InvalidParameterValue"), 400
    with pytest.raises(AwsError):
        call("describe regions", client.describe_regions)
    assert (counted.requests, slept) == (1, [])


def test_a_lost_connection_is_tried_a_few_times(slept: list[float]) -> None:
    attempts: list[int] = []

    def lose() -> None:
        attempts.append(1)
        raise botocore.exceptions.EndpointConnectionError(endpoint_url="https://x")

    with pytest.raises(AwsError, match="did not answer"):
        call("describe regions", lose)
    assert (len(attempts), len(slept)) == (5, 4)


@pytest.mark.parametrize("remaining", [pytest.param(0.0, id="over"), pytest.param(7.5, id="soon")])
def test_nothing_is_repeated_after_the_deadline(monkeypatch: pytest.MonkeyPatch, remaining: float) -> None:
    passed = [0.0]

    def sleep(seconds: float) -> None:
        passed[0] += seconds

    def throttle() -> None:
        error: t.Any = {"Error": {"Code": "RequestLimitExceeded", "Message": "."}}
        raise botocore.exceptions.ClientError(error, "DescribeRegions")

    monkeypatch.setattr(time, "sleep", sleep)
    with retrying_until(lambda: remaining - passed[0]), pytest.raises(AwsError):
        call("describe regions", throttle)
    assert passed[0] == pytest.approx(remaining)


def test_the_deadline_ends_with_its_block(slept: list[float]) -> None:
    answers = iter([botocore.exceptions.EndpointConnectionError(endpoint_url="https://x"), None])

    def answer() -> str:
        error = next(answers)
        if error:
            raise error
        return "answer"

    with retrying_until(lambda: 0.0):
        pass
    assert call("describe regions", answer) == "answer"
