# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bridge to KMS: references to keys, looked at when it matters."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from emulated_aws.identity import current_caller
from emulated_aws.kms import keys

# What EBS tells of every kind of trouble with a key (EBS-copy).
NOT_ACCESSIBLE = "Given key ID is not accessible"


@dataclasses.dataclass(frozen=True)
class KeyUse:
    """A key as a caller names it in one region (id, alias, ARN or alias ARN), and what EBS is to do with it."""

    account: str
    region: str
    reference: str
    principal: str | None = None
    purpose: t.Literal["encrypt", "decrypt"] = "encrypt"

    @classmethod
    def of_caller(
        cls, account: str, region: str, reference: str, *, purpose: t.Literal["encrypt", "decrypt"] = "encrypt"
    ) -> KeyUse:
        """Return a use on behalf of whoever makes the request being served."""
        caller = current_caller()
        return cls(account, region, reference, caller.arn if caller.account == account else None, purpose)

    def arn(self) -> str | None:
        """Return the ARN of the key behind the reference, if there is any key."""
        return keys.resolve(self.account, self.region, self.reference).arn

    def usable(self) -> bool:
        """Tell whether EBS could use the key at this moment."""
        return keys.resolve(self.account, self.region, self.reference, self.principal, self.purpose).usable

    def in_wrong_state(self) -> bool:
        """Tell whether the key is there, in a state in which KMS refuses to use it."""
        return keys.resolve(self.account, self.region, self.reference).wrong_state

    def used(self, operation: str) -> None:
        """Note at the key what EBS did with it, for KMS's GetKeyLastUsage."""
        with contextlib.suppress(keys.KmsError):
            keys.locate(self.account, self.region, self.reference).used(operation)

    def pinned(self) -> KeyUse:
        """Return the same with the alias resolved, so that re-pointing the alias changes nothing any more."""
        return dataclasses.replace(self, reference=self.arn() or self.reference)


def aws_ebs_key(account: str, region: str) -> KeyUse:
    """Return the AWS managed key for EBS; it comes into being at the first use."""
    return KeyUse.of_caller(account, region, keys.aws_managed_ebs_key(account, region))


def aws_managed(key_arn: str) -> bool:
    """Tell whether a key is an AWS managed one, whose snapshots cannot be shared."""
    return keys.is_aws_managed(key_arn)
