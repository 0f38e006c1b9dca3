# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Reach AWS: one botocore session for all regions, so that each service model is loaded once."""

from __future__ import annotations

import atexit
import functools
import gc
import threading
import typing as t

from .errors import AwsError
from .settings import connection_options, readable_settings, require_no_mfa

try:
    import boto3
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import UnknownRegionError
    from botocore.model import OperationNotFoundError
except ImportError:
    pass  # Handled by AnsibleAWSModule.

USER_AGENT: t.Final = "sealed.ami"
OLDEST_BOTOCORE: t.Final = "1.35.0"
_POOL: t.Final = 25
# With a mode of its own, so that neither AWS_MAX_ATTEMPTS nor AWS_RETRY_MODE is read.
_ONCE: t.Final[t.Any] = {"total_max_attempts": 1, "mode": "standard"}
_COLLECT_AFTER: t.Final = 1_000_000


def spare_collections() -> None:
    """Let Python not search for garbage what botocore loads: hundreds of thousands of objects that stay to the end.

    It would do so again and again while they load, and once more before the process ends and gives its memory back
    anyway; together that is a fifth of the processor time of a module that has nothing to do.
    """
    gc.set_threshold(_COLLECT_AFTER)
    atexit.register(gc.freeze)


class Region(t.Protocol):
    """One account in one region: its clients, and what the installed botocore knows of them."""

    name: str

    @property
    def ec2(self) -> t.Any:
        """Return the EC2 client."""

    @property
    def kms(self) -> t.Any:
        """Return the KMS client."""

    def client(self, service: str) -> t.Any:
        """Return a client of a service that is seldom needed."""

    def knows(self, operation: str, member: str) -> bool:
        """Tell whether the installed botocore has an input parameter; older ones lack the newest."""


class Regions(t.Protocol):
    """What tells regions apart, and leads to them."""

    def region(self, name: str) -> Region:
        """Return the handle on one region."""

    def partition(self, region: str) -> str:
        """Return the partition, such as ``aws`` or ``aws-cn``; images cannot be copied from one to another."""

    def is_listed(self, region: str) -> bool:
        """Tell whether botocore's own data names the region; newer regions than the library are not in it."""


class Connection:
    """The credentials and endpoint of one task, from the usual options of amazon.aws."""

    def __init__(self, session: t.Any, *, aws_config: t.Any = None, **client_params: t.Any) -> None:
        self._session = session
        self._config = Config(user_agent_extra=USER_AGENT, max_pool_connections=_POOL).merge(aws_config or Config())
        self._params = client_params
        # A boto3 session must not create two clients at once.
        self._lock = threading.Lock()

    @classmethod
    def of_module(cls, module: t.Any) -> Connection:
        """Return the connection that the module's options describe; what is wrong with them raises AwsError."""
        spare_collections()
        if not module.botocore_at_least(OLDEST_BOTOCORE):
            raise AwsError(
                message=f"botocore is older than {OLDEST_BOTOCORE}, which is needed to tag the snapshots of a copy "
                "when they are made; update boto3 and botocore where the module runs"
            )
        with readable_settings():
            endpoint_url, params = connection_options(module.params)
            profile = params.pop("profile_name", None)
            core = botocore.session.Session(profile=profile)
            if params.get("aws_access_key_id") is None:
                require_no_mfa(core, named=profile is not None)
            return cls(boto3.session.Session(botocore_session=core), endpoint_url=endpoint_url, **params)

    def client(self, service: str, region: str) -> t.Any:
        """Return a client that sends each request once: what is worth repeating is for ``errors.call`` to say.

        botocore repeats a request whose connection broke, also after AWS has acted on it, and its attempts would
        multiply with ours.
        """
        with self._lock, readable_settings():
            return self._session.client(
                service, region_name=region, config=self._config.merge(Config(retries=_ONCE)), **self._params
            )

    def region(self, name: str) -> Region:
        """Return the handle on one region."""
        return _BotocoreRegion(self, name)

    def partition(self, region: str) -> str:
        """Return the partition, such as ``aws`` or ``aws-cn``; images cannot be copied from one to another.

        A name unlike that of any region is taken for a region of ``aws``, which will not know it.
        """
        try:
            return str(self._session.get_partition_for_region(region))
        except UnknownRegionError:
            return "aws"

    def is_listed(self, region: str) -> bool:
        """Tell whether botocore's own data names the region; newer regions than the library are not in it."""
        return region in self._session.get_available_regions("ec2", self.partition(region))


class _BotocoreRegion:
    """The clients of one region, made when first needed."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self._clients: dict[str, t.Any] = {}
        self.name = name

    @functools.cached_property
    def ec2(self) -> t.Any:
        """Return the EC2 client."""
        return self._connection.client("ec2", self.name)

    @functools.cached_property
    def kms(self) -> t.Any:
        """Return the KMS client."""
        return self._connection.client("kms", self.name)

    def client(self, service: str) -> t.Any:
        """Return a client of a service that is seldom needed."""
        if service not in self._clients:
            self._clients[service] = self._connection.client(service, self.name)
        return self._clients[service]

    def knows(self, operation: str, member: str) -> bool:
        """Tell whether the installed botocore has an input parameter; older ones lack the newest."""
        try:
            shape = self.ec2.meta.service_model.operation_model(operation).input_shape
        except OperationNotFoundError:
            return False
        return shape is not None and member in shape.members
