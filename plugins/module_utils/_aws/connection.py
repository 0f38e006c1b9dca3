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

from ansible_collections.amazon.aws.plugins.module_utils.botocore import get_aws_connection_info

from .errors import AwsError

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, UnknownRegionError
except ImportError:
    pass  # Handled by AnsibleAWSModule.

USER_AGENT: t.Final = "sealed.ami"
_POOL: t.Final = 25
_COLLECT_AFTER: t.Final = 1_000_000


def spare_collections() -> None:
    """Let Python not search for garbage what botocore loads: hundreds of thousands of objects that stay to the end.

    It would do so again and again while they load, and once more before the process ends and gives its memory back
    anyway; together that is a fifth of the processor time of a module that has nothing to do.
    """
    gc.set_threshold(_COLLECT_AFTER)
    atexit.register(gc.freeze)


class Connection:
    """The credentials and endpoint of one task, from the usual options of amazon.aws."""

    def __init__(self, session: t.Any, *, endpoint_url: str | None = None, **client_params: t.Any) -> None:
        self._session = session
        self._params = {"endpoint_url": endpoint_url, **client_params}
        # A boto3 session must not create two clients at once.
        self._lock = threading.Lock()

    @classmethod
    def of_module(cls, module: t.Any) -> Connection:
        """Return the connection that the module's options describe."""
        spare_collections()
        module.require_botocore_at_least("1.34.58", reason="to tag the snapshots of a copy at birth")
        _region, endpoint_url, params = get_aws_connection_info(module)
        try:
            session = boto3.session.Session(profile_name=params.pop("profile_name", None))
        except BotoCoreError as error:
            raise AwsError(message=f"{error}; name a profile of the shared AWS configuration files") from error
        return cls(session, endpoint_url=endpoint_url, **params)

    def client(self, service: str, region: str, *, repeats: bool = True) -> t.Any:
        """Return a client; with ``repeats`` off botocore itself never sends a request twice.

        botocore repeats a request whose connection broke, also after AWS has acted on it. Calls that create something
        and take no client token would create it twice.
        """
        params = dict(self._params)
        config = Config(user_agent_extra=USER_AGENT, max_pool_connections=_POOL).merge(
            params.pop("aws_config", None) or Config()
        )
        if not repeats:
            config = config.merge(Config(retries={"total_max_attempts": 1}))
        with self._lock:
            client = self._session.client(service, region_name=region, config=config, **params)
            # Loads what tells how to page, which all clients share once it is there: threads that come at the same time
            # would each search hundreds of folders for it.
            client.can_paginate(next(iter(client.meta.method_to_api_mapping)))
            return client

    def region(self, name: str) -> Region:
        """Return the handle on one region."""
        return Region(self, name)

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


class Region:
    """One account in one region: the clients, made when first needed."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self.name = name

    @functools.cached_property
    def ec2(self) -> t.Any:
        """Return the EC2 client."""
        return self._connection.client("ec2", self.name)

    @functools.cached_property
    def ec2_once(self) -> t.Any:
        """Return an EC2 client that never repeats a request by itself."""
        return self._connection.client("ec2", self.name, repeats=False)

    @functools.cached_property
    def kms(self) -> t.Any:
        """Return the KMS client."""
        return self._connection.client("kms", self.name)

    def knows(self, operation: str, member: str) -> bool:
        """Tell whether the installed botocore has an input parameter; older ones lack the newest."""
        shape = self.ec2.meta.service_model.operation_model(operation).input_shape
        return shape is not None and member in shape.members
