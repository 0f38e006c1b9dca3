# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the server: the two transports alike, the log, accounts and sessions, the admin path and the process."""

from __future__ import annotations

import concurrent.futures
import json
import signal
import socket
import subprocess
import sys
import time
import typing as t
import urllib.error
import urllib.parse
import urllib.request

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from emulated_aws.catalogue_images import IMAGES, image_id
from emulated_aws.client import TESTS, Emulator, EmulatorError
from emulated_aws.identity import HOME_ACCOUNT, Credentials, account_access_key
from emulated_aws.wire import authorization

CONSUMER = "210987654321"


@pytest.fixture(params=["process", "in process"])
def either(request: pytest.FixtureRequest) -> Emulator:
    """Return an emulator of each kind in turn."""
    name = "emulator" if request.param == "process" else "in_process_emulator"
    return t.cast(Emulator, request.getfixturevalue(name))


def comparable(emulator: Emulator) -> list[dict[str, t.Any]]:
    """Return the log without what differs from run to run."""
    changing = {"real_time", "virtual_time", "user_agent"}
    calls = [{key: value for key, value in call.items() if key not in changing} for call in emulator.calls()]
    return [call | {name: [one.partition("-")[0] for one in call[name]] for name in ("made", "gone")} for call in calls]


def work(emulator: Emulator) -> list[dict[str, t.Any]]:
    """Do a little of everything and return the log."""
    emulator.seed("full")
    session = emulator.session()
    once = Config(retries={"total_max_attempts": 1})
    ec2: t.Any = session.client("ec2", region_name="eu-west-1", config=once)
    source = {"SourceImageId": image_id("mixed"), "SourceRegion": "us-east-1"}
    ec2.copy_image(**source, Name="copy", Encrypted=True, KmsKeyId="alias/os", ClientToken="t" * 10)
    emulator.faults.add("drop", action="CopyImage", when="after")
    with pytest.raises(ConnectionClosedError):
        ec2.copy_image(**source, Name="lost", ClientToken="u" * 10)
    with pytest.raises(ClientError):
        session.client("kms").describe_key(KeyId="alias/gone")
    session.client("sts").get_caller_identity()
    return comparable(emulator)


def test_both_transports_do_the_same(emulator: Emulator, in_process_emulator: Emulator) -> None:
    assert work(emulator) == work(in_process_emulator)


def test_log_tells_who_did_what_where(either: Emulator) -> None:
    either.seed("full")
    ec2 = either.session(account=CONSUMER, region="eu-west-1").client("ec2")
    ec2.describe_images(Owners=["self"], Filters=[{"Name": "name", "Values": ["x"]}])
    with pytest.raises(ClientError):
        ec2.describe_images(ImageIds=["ami-0123456789abcdef0"])
    first, second = either.calls()
    expected = {"number": 1, "account": CONSUMER, "service": "ec2", "action": "DescribeImages", "region": "eu-west-1"}
    assert first.items() >= (expected | {"status": 200, "error": None, "took_effect": True}).items()
    assert first["principal"] == f"arn:aws:iam::{CONSUMER}:user/admin"
    assert first["parameters"] == {"Owners": ["self"], "Filters": [{"Name": "name", "Values": ["x"]}]}
    assert (second["status"], second["error"]) == (400, "InvalidAMIID.NotFound")
    assert either.calls(since=1, error="Invalid*") == [second]
    assert either.counts() == {"ec2:DescribeImages": 2}
    either.clear_calls()
    assert either.calls() == []


HALVES = {
    "ec2": (
        "application/x-www-form-urlencoded",
        "",
        b"Action=DeregisterImage&Version=2016-11-15&ImageId=IMAGE",
        b"&Name=x",
    ),
    "kms": ("application/x-amz-json-1.1", "TrentService.ScheduleKeyDeletion", b'{"KeyId": "alias/os"}', b" " * 9),
    "ssm": ("application/x-amz-json-1.1", "AmazonSSM.PutParameter", b'{"Name": "/golden", "Va', b'lue": "x"}'),
}


@pytest.mark.parametrize("service", HALVES)
def test_half_a_request_is_none(emulator: Emulator, service: str) -> None:
    """A client that is killed while it sends leaves a part that may read as a whole: AWS acts on what was signed."""
    emulator.seed("full")
    content_type, target, sent, rest = HALVES[service]
    sent = sent.replace(b"IMAGE", image_id("mixed").encode())
    access_key = account_access_key(HOME_ACCOUNT)
    lines = [
        "POST / HTTP/1.1",
        "Host: localhost",
        f"Authorization: {authorization(access_key, region='us-east-1', service=service)}",
        f"Content-Type: {content_type}",
        f"X-Amz-Target: {target}",
        f"Content-Length: {len(sent) + len(rest)}",
    ]
    address = urllib.parse.urlsplit(emulator.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + sent)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1000) == b""
    assert emulator.calls() == []
    assert emulator.session(region="us-east-1").client("ec2").describe_images(ImageIds=[image_id("mixed")])["Images"]


def test_log_holds_no_secret(either: Emulator) -> None:
    either.seed("full")
    session = either.session(region="eu-west-1")
    ec2 = session.client("ec2")
    snapshot = either.catalogue()["images"][image_id("plain-root")]["snapshots"][0]
    ec2.copy_snapshot(SourceRegion="us-east-1", SourceSnapshotId=snapshot)
    session.client("kms").encrypt(KeyId="alias/os", Plaintext=b"precious")
    with pytest.raises(ClientError):
        ec2.run_instances(ImageId=image_id("plain-root-eu"), MinCount=1, MaxCount=1, UserData="precious", DryRun=True)
    text = json.dumps(either.calls())
    assert [call["redacted"] for call in either.calls()] == [["PresignedUrl"], ["Plaintext"], ["UserData"]]
    assert "X-Amz-Signature" not in text and "precious" not in text and "cHJlY2lvdXM" not in text


def test_presigned_calls_work_and_their_signature_is_not_logged(emulator: Emulator) -> None:
    url = emulator.session().client("ec2").generate_presigned_url("describe_images", {"Owners": ["self"]})
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert b"<imagesSet" in answer.read()
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(url.replace("Action=DescribeImages", "Action=Nonsense"), timeout=10)
    assert [call["action"] for call in emulator.calls(service="ec2")] == ["DescribeImages", "Nonsense"]
    assert url.rpartition("X-Amz-Signature=")[2][:64] not in json.dumps(emulator.calls())


def test_sessions_of_other_accounts_end_in_virtual_time(either: Emulator) -> None:
    sts = either.session().client("sts")
    role = f"arn:aws:iam::{CONSUMER}:role/ops/copier"
    answer = sts.assume_role(RoleArn=role, RoleSessionName="playbook", DurationSeconds=900)["Credentials"]
    chosen = Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])
    session: t.Any = either.session(credentials=chosen)
    identity = session.client("sts").get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == (CONSUMER, f"arn:aws:sts::{CONSUMER}:assumed-role/copier/playbook")
    assert session.client("ec2").describe_images(Owners=["self"])["Images"] == []
    either.advance(901)
    expected = {"ec2": "RequestExpired", "kms": "ExpiredTokenException", "sts": "ExpiredToken"}
    calls = {"ec2": "describe_images", "kms": "list_keys", "sts": "get_caller_identity"}
    for service, code in expected.items():
        with pytest.raises(ClientError, match=code):
            getattr(session.client(service), calls[service])()


def test_role_of_an_unknown_account_is_refused(either: Emulator) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        either.session().client("sts").assume_role(RoleArn="arn:aws:iam::999999999999:role/x", RoleSessionName="xx")


def test_unknown_action_is_the_clients_fault(either: Emulator) -> None:
    with pytest.raises(ClientError, match="InvalidAction"):
        either.session().client("ec2").describe_trunk_interface_associations()


def test_catalogue_has_every_image_with_its_id(either: Emulator) -> None:
    catalogue = either.seed("full")
    assert set(catalogue["images"]) == {spec.image_id for spec in IMAGES}
    assert catalogue == either.seed("full")
    first = either.catalogue()
    either.reset(seed="full")
    assert either.catalogue() == first
    ec2 = either.session().client("ec2")
    for name in ("plain-root", "database-sealed", "uefi-tpm"):
        found = ec2.describe_images(ImageIds=[image_id(name)])["Images"][0]
        mapped = [device["Ebs"]["SnapshotId"] for device in found["BlockDeviceMappings"]]
        assert (found["Name"], mapped) == (name, first["images"][image_id(name)]["snapshots"])


def test_reset_leaves_nothing(either: Emulator) -> None:
    either.seed("full")
    either.configure(not_found_lag=30)
    either.faults.add("throttled", action="CopyImage")
    either.reset()
    state = either.state()
    assert (state["faults"], state["calls"], state["settings"]["not_found_lag"]) == ([], {}, 0.0)
    assert either.session().client("ec2").describe_images(Owners=["self"])["Images"] == []


@pytest.mark.parametrize(
    ("verb", "body", "words"),
    [
        ("no-such-verb", {}, "there is no admin verb"),
        ("settings", {"no_setting": 3}, "unknown or missing 'no_setting'"),
        ("advance", {}, "unknown or missing 'seconds'"),
        ("advance", {"seconds": -1}, "only moves forward"),
        ("seed", {"seed": "half"}, "full, odd or none"),
        ("principal", {"arn": "me", "policies": []}, "is not the ARN"),
    ],
)
def test_admin_mistakes_get_one_line(emulator: Emulator, verb: str, body: dict[str, t.Any], words: str) -> None:
    with pytest.raises(EmulatorError, match=words):
        emulator._do(verb, body)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{emulator.url}/_emulator/{verb}", data=json.dumps(body).encode(), timeout=10)
    assert caught.value.code == 400


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        pytest.param({}, b"", id="nothing"),
        pytest.param({}, b"Action=DescribeImages&Version=2016-11-15&ImageId.1", id="unsigned"),
        pytest.param({"Authorization": "Basic x"}, b"Action=Nonsense", id="other authorization"),
        pytest.param({"X-Amz-Target": "TrentService.Nonsense"}, b"{}", id="unknown target"),
        pytest.param({"X-Amz-Target": "TrentService.DescribeKey"}, b"{nonsense", id="broken JSON"),
        pytest.param({}, bytes(range(256)), id="bytes"),
    ],
)
def test_garbage_is_the_clients_fault(emulator: Emulator, headers: dict[str, str], body: bytes) -> None:
    service = "kms" if "X-Amz-Target" in headers else "ec2"
    signed = f"AWS4-HMAC-SHA256 Credential=AKIA0000123456789012/20260101/us-east-1/{service}/aws4_request, Signature=0"
    request = urllib.request.Request(emulator.url, data=body, headers={"Authorization": signed} | headers)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=10)
    assert 400 <= caught.value.code < 500


def test_latency_of_parallel_calls_overlaps(emulator: Emulator) -> None:
    emulator.configure(latency_ms=500)
    clients = [emulator.session().client("sts") for _ in range(4)]
    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda sts: sts.get_caller_identity(), clients))
    assert 0.5 <= time.monotonic() - started < 1.9  # One after the other would take two seconds.


def test_any_client_needs_only_the_environment(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in emulator.env(account=CONSUMER, region="eu-west-1").items():
        monkeypatch.setenv(name, value)
    assert boto3.Session().client("sts").get_caller_identity()["Account"] == CONSUMER
    assert emulator.calls()[0]["region"] == "eu-west-1"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_process_ends_at_once(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "emulated_aws", "--port", "0", "--seed", "none"]
    with subprocess.Popen(command, env={"PYTHONPATH": str(TESTS)}, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        shown = "".join(process.stdout.readline() for _ in range(3))
        process.send_signal(number)
        assert "export AWS_ENDPOINT_URL=http://127.0.0.1:" in shown
        assert process.wait(5) == 0


def test_wrong_setting_stops_the_start(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(EmulatorError, match="exit code 2"):
        Emulator.start(settings={"no_setting": 3})
    assert "unknown or missing 'no_setting'" in capfd.readouterr().err
