# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Carry out a request for a grant: read, judge, plan, and, unless only the plan is wanted, apply and wait."""

from __future__ import annotations

from ..._aws.connection import Region
from ..._aws.errors import AwsError
from ..._aws.grants import caller_account, create_grant, list_grants, revoke_grant, role_exists
from ..._aws.keys import describe_key
from ..._image.errors import PreflightError
from ..._image.grant.planner import (
    GRANT_SECONDS,
    CreateGrant,
    RevokeGrant,
    Step,
    plan_grant,
    require_grantable,
)
from ..._image.grant.remedies import remedy_for_denial, remedy_for_grant, without_role
from ..._image.grant.request import GrantRequest, account_of, service_linked_to
from ..._image.grant.result import Outcome, still_allowed, unproved
from ..._image.key_grants import Grant
from ..pace import Pace


class GrantRun:
    """One task: one grant on one key."""

    def __init__(self, region: Region, request: GrantRequest, *, pace: Pace | None = None) -> None:
        self._region = region
        self._request = request
        self._pace = pace or Pace()

    def run(self, *, check_mode: bool) -> Outcome:
        """Return the outcome; what fails before the first change raises."""
        warnings: list[str] = []
        key = self._read_key(warnings)
        terms = self._request.terms
        grantee = terms.grantee if terms else None
        grants = list_grants(self._region, key, grantee=grantee, grant_id=self._request.grant_id)
        # Only what is to go by its terms has to be this account's.
        account = caller_account(self._region) if grants and terms and not self._request.present else ""
        plan = plan_grant(self._request, key, grants, account=account)
        warnings += [still_allowed(key, grant) for grant in plan.left]
        for step in plan.steps:
            if isinstance(step, CreateGrant):
                self._require_grantee(step)
        # Whatever KMS would refuse is refused before the first change, and in check mode as well.
        predicted = Outcome(plan, key, self._region.name, warnings=warnings)
        self._apply(predicted, dry_run=True)
        if check_mode:
            return predicted
        outcome = Outcome(plan, key, self._region.name, warnings=warnings)
        self._apply(outcome, dry_run=False)
        if self._request.wait and not outcome.error:
            self._await(outcome)
        return outcome

    def _read_key(self, warnings: list[str]) -> str:
        """Return the ARN of the key, or its id where it may not be described; judge it if it is to be granted."""
        reference = self._request.key_id
        try:
            key = describe_key(self._region, reference)
        except AwsError as error:
            if not error.is_denied:
                raise
            if "alias/" in reference:
                raise PreflightError(f"{error}; or pass the ARN of the key as key_id: grants take no alias") from error
            warnings.append(f"kms:DescribeKey on {reference} is denied, so the key could not be checked beforehand")
            return reference
        if self._request.present:
            require_grantable(key, self._request)
        return key.arn

    def _require_grantee(self, step: CreateGrant) -> None:
        """Refuse a service-linked role that is not there yet; only its own account can be asked."""
        grantee = step.terms.grantee
        if service_linked_to(grantee) is None or caller_account(self._region) != account_of(grantee):
            return
        if role_exists(self._region, grantee) is False:
            raise PreflightError(without_role(grantee))

    def _apply(self, outcome: Outcome, *, dry_run: bool) -> None:
        for step in outcome.plan.steps:
            try:
                self._do(step, outcome, dry_run=dry_run)
            except AwsError as error:
                message = self._explain(step, error)
                if not outcome.changed or dry_run:
                    raise PreflightError(message) from error
                outcome.error = message
                return

    def _do(self, step: Step, outcome: Outcome, *, dry_run: bool) -> None:
        if isinstance(step, RevokeGrant):
            revoke_grant(self._region, step.proof, dry_run=dry_run)
            outcome.removed.append(step.grant)
        else:
            grant_id = create_grant(self._region, step, dry_run=dry_run)
            created = None if dry_run else self._pace.now()
            outcome.made = Grant(grant_id, step.name, step.terms, created=created)
        outcome.changed = True

    def _explain(self, step: Step, error: AwsError) -> str:
        """Return the error with what lies behind it and what to do."""
        if isinstance(step, RevokeGrant):
            return f"{error}. The owner of the key can revoke it too"
        if error.is_denied:
            remedy = remedy_for_denial(step, account=caller_account(self._region))
        else:
            remedy = remedy_for_grant(error.code, step)
        if error.is_ambiguous:
            remedy = "AWS may have made the grant all the same: run the task again, which finds it then"
        return f"{error}. {remedy}" if remedy else str(error)

    def _await(self, outcome: Outcome) -> None:
        """Wait until KMS should know the grant everywhere, and see that it is there still."""
        grant = outcome.made or outcome.plan.found
        if grant is None or grant.created is None:
            return
        remaining = GRANT_SECONDS - max(0.0, self._pace.now() - grant.created)
        if remaining < 1:
            return
        is_early = remaining > self._request.wait_timeout
        self._pace.sleep(min(remaining, float(self._request.wait_timeout)))
        outcome.warnings.append(unproved(outcome.key_arn, grant, is_early=is_early))
        try:
            shown = list_grants(self._region, outcome.key_arn, grant_id=grant.grant_id)
        except AwsError as error:
            outcome.warnings.append(f"{error}; whether grant {grant.grant_id} is still there is not known")
            return
        if not shown and not is_early:
            outcome.error = (
                f"grant {grant.grant_id} of KMS key {outcome.key_arn} is gone: somebody revoked it meanwhile; run the "
                "task again"
            )
        elif shown and outcome.made:
            outcome.made = shown[0]
