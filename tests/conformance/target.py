# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the suite runs against: the emulated AWS, stock moto, or a real account."""

from __future__ import annotations

import abc
import contextlib
import os
import time
import typing as t

import boto3
import botocore.config
import pytest

Client = t.Any
SELF, OTHER = "self", "other"
OTHER_ACCOUNT_ID = "222222222222"


class Target(abc.ABC):
    """An AWS to test: its sessions, its passing of time, and whether its rules can be switched."""

    name: t.ClassVar[str]
    polls = 60
    poll_seconds = 15.0
    config = botocore.config.Config(retries={"total_max_attempts": 1})

    def __init__(self) -> None:
        self.home_region = os.environ.get("CONFORMANCE_REGION", "us-east-1")
        self.away_region = os.environ.get("CONFORMANCE_AWAY_REGION", "eu-west-1")
        self._sessions: dict[str, boto3.Session] = {}
        self._clients: dict[tuple[t.Any, ...], Client] = {}

    @abc.abstractmethod
    def session(self, account: str) -> boto3.Session:
        """Return a session of the account under test, or of another account."""

    @abc.abstractmethod
    def pass_time(self, seconds: float) -> None:
        """Let time pass for AWS."""

    @contextlib.contextmanager
    def running(self) -> t.Iterator[Target]:
        """Keep the target up for the whole run."""
        yield self

    def begin_test(self) -> None:  # noqa: B027 - a real account has nothing to do here
        """Give a test a clean start."""

    def configure(self, **settings: t.Any) -> None:
        """Switch rules or durations; only the emulator can."""
        pytest.skip(f"{self.name} has no switches: {', '.join(settings)}")

    def join(self, arn: str, *accounts: str) -> None:
        """Let accounts join an organization or unit; only the emulator can."""
        pytest.skip(f"{self.name} has organizations of its own: {arn}")

    def trouble(self, kind: str, **fields: t.Any) -> None:
        """Put a fault in force; only the emulator can."""
        pytest.skip(f"{self.name} has no faults on demand: {kind}")

    def load_images(self) -> None:  # noqa: B027 - elsewhere they are there already
        """See that the images that AWS and others publish are there."""

    def client(self, service: t.Any, *, region: str, account: str, validate: bool = True) -> Client:
        """Return a client, the same one each time; without ``validate`` botocore sends what it is given."""
        known = (service, region, account, validate)
        if known not in self._clients:
            if account not in self._sessions:
                self._sessions[account] = self.session(account)
            config = self.config.merge(botocore.config.Config(parameter_validation=validate))
            self._clients[known] = self._sessions[account].client(service, region_name=region, config=config)
        return self._clients[known]

    def forget(self, account: str) -> None:
        """Drop the session and clients of an account."""
        self._sessions.pop(account, None)
        self._clients = {known: client for known, client in self._clients.items() if known[2] != account}


class RealAws(Target):
    """The account of the environment's credentials; things made there are removed after each test."""

    name = "aws"
    polls = 240
    config = botocore.config.Config(retries={"mode": "standard", "total_max_attempts": 10})

    def session(self, account: str) -> boto3.Session:
        if account == SELF:
            return boto3.Session()
        profile = os.environ.get("CONFORMANCE_OTHER_PROFILE")
        if not profile:
            pytest.skip("needs CONFORMANCE_OTHER_PROFILE, a profile of a second account")
        return boto3.Session(profile_name=profile)

    def pass_time(self, seconds: float) -> None:
        time.sleep(seconds)

    @contextlib.contextmanager
    def running(self) -> t.Iterator[Target]:
        for region in (self.home_region, self.away_region):
            ec2 = self.client("ec2", region=region, account=SELF)
            if ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"]:
                raise pytest.UsageError(f"{region} encrypts by default: choose another, this suite leaves it on")
        yield self


class StockMoto(Target):
    """moto as it is installed, to show how much of this suite it fails."""

    name = "moto"
    polls = 3

    def session(self, account: str) -> boto3.Session:
        own = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing")
        return own if account == SELF else assume_role(own, self.home_region)

    def pass_time(self, seconds: float) -> None:
        """Time means nothing to moto: whatever it does, it does at once."""

    @contextlib.contextmanager
    def running(self) -> t.Iterator[Target]:
        import moto

        with moto.mock_aws() as self._mock:
            yield self

    def begin_test(self) -> None:
        self._mock.reset()
        self.forget(OTHER)


def assume_role(own: boto3.Session, region: str) -> boto3.Session:
    """Return a session of the other account, as any caller of STS gets one."""
    sts = own.client("sts", region_name=region)
    role = f"arn:aws:iam::{OTHER_ACCOUNT_ID}:role/conformance"
    given = sts.assume_role(RoleArn=role, RoleSessionName="conformance")["Credentials"]
    return boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
