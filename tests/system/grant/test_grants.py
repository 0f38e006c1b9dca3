# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Grants from the account of the key and from the consumer's: made once, found again, revoked only if ours or named."""

from __future__ import annotations

import datetime
import json
import pathlib
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._execute.pace import Pace
from emulated_aws.catalogue_keys import CONSUMER, key_id
from emulated_aws.client import Emulator
from emulated_aws.identity import HOME_ACCOUNT, Credentials, account_access_key
from oracle.guard import Guard
from system.looking import Looking
from system.running import Result, RunModule
from system.virtual_time import VirtualTime

MODULE, REGION = "kms_key_grant", "us-east-1"
POLICIES = pathlib.Path(__file__).resolve().parents[3] / "docs" / "iam"
KEY = f"arn:aws:kms:{REGION}:{HOME_ACCOUNT}:key/{key_id(1, REGION)}"
COPIER = f"arn:aws:iam::{CONSUMER}:role/image-copier"
SCALING = f"arn:aws:iam::{CONSUMER}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
AS_CONSUMER = Credentials(account_access_key(CONSUMER), "emulated")
EIGHT = (
    "CreateGrant",
    "Decrypt",
    "DescribeKey",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
)
CHANGES = ("CreateGrant", "RevokeGrant")


class Grants:
    """Runs of the module for one key, and what the key has."""

    def __init__(self, emulator: Emulator, run_module: RunModule, oracle: Guard) -> None:
        self.emulator, self._run, self._oracle = emulator, run_module, oracle
        oracle.given(KEY, to=["CreateGrant"])

    def __call__(self, **options: t.Any) -> Result:
        """Run the module."""
        asked = {"key_id": KEY, "grantee_principal": COPIER, "purpose": "copy", **options}
        return self._run(MODULE, **{name: value for name, value in asked.items() if value is not None})

    def by_hand(self, name: str = "", **more: t.Any) -> str:
        """Make a grant without the module, and return its id."""
        wanted = {"GranteePrincipal": COPIER, "Operations": ["DescribeKey", "Decrypt", "ReEncryptFrom", "CreateGrant"]}
        named = {"Name": name} if name else {}
        made = self.kms.create_grant(KeyId=KEY, **{**wanted, **named, **more})
        return str(made["GrantId"])

    @property
    def kms(self) -> t.Any:
        """Return a client of the key's account."""
        return Looking(self.emulator).kms(REGION)

    @property
    def there(self) -> dict[str, dict[str, t.Any]]:
        """Return the grants of the key by id."""
        return {one["GrantId"]: one for one in self.kms.list_grants(KeyId=KEY)["Grants"]}

    def sent(self) -> list[str]:
        """Return the changing calls that were made in earnest since the last look."""
        calls = [one for one in self.emulator.calls(action=list(CHANGES)) if not one["parameters"].get("DryRun")]
        self.emulator.clear_calls()
        return [one["action"] for one in calls]


@pytest.fixture
def grants(emulator: Emulator, run_module: RunModule, oracle: Guard) -> Grants:
    """Run the module for the golden key of our account."""
    return Grants(emulator, run_module, oracle)


def acts(result: Result) -> list[str]:
    """Return what became of each grant."""
    return [one["action"] for one in result["grants"]]


def test_a_grant_is_planned_made_found_and_revoked(grants: Grants) -> None:
    planned = grants(check=True, diff=True)
    assert (planned["changed"], acts(planned), planned["grant_id"], grants.sent()) == (True, ["granted"], None, [])
    made = grants(diff=True, wait=False)
    assert (made["changed"], made.warnings, grants.sent()) == (True, [], ["CreateGrant"])
    assert made["diff"] == planned["diff"] and COPIER in made["diff"]["after"]
    (there,) = grants.there.values()
    assert made["grant_id"] == there["GrantId"] and made["grants"][0]["name"] == there["Name"]
    assert set(there["Operations"]) == {"DescribeKey", "Decrypt", "ReEncryptFrom", "CreateGrant"}
    assert made["key_arn"] == KEY

    again = grants()
    assert (again["changed"], acts(again), again["grant_id"]) == (False, ["unchanged"], made["grant_id"])
    assert grants(state="absent", check=True)["changed"] and grants.there
    assert grants.sent() == []
    gone = grants(state="absent", diff=True)
    assert (acts(gone), gone["grants"][0]["grant_id"], gone["grant_id"]) == (["revoked"], made["grant_id"], None)
    assert (gone["diff"]["after"], grants.sent(), grants.there) == ("", ["RevokeGrant"], {})
    assert not grants(state="absent")["changed"]


@pytest.mark.parametrize("purpose", ["launch", "copy", "autoscaling"])
def test_purposes_and_aliases(grants: Grants, purpose: str) -> None:
    grantee = COPIER if purpose != "autoscaling" else COPIER.replace("copier", "scaler")
    made = grants(key_id="alias/golden", region=REGION, purpose=purpose, grantee_principal=grantee, wait=False)
    assert made["grants"][0]["name"].startswith(f"sealed-ami:{purpose}:") and made["key_arn"] == KEY
    assert not grants(key_id=key_id(1, REGION), region=REGION, purpose=purpose, grantee_principal=grantee)["changed"]


@pytest.mark.parametrize(
    ("options", "changed"),
    [
        pytest.param({}, False, id="without a name"),
        pytest.param({"name": "by-hand"}, False, id="another name"),
        pytest.param({"Operations": ["DescribeKey", "Decrypt"]}, True, id="too little"),
        pytest.param({"Constraints": {"EncryptionContextSubset": {"a": "b"}}}, True, id="bound"),
        pytest.param({"RetiringPrincipal": COPIER}, True, id="another retires it"),
    ],
)
def test_a_grant_of_another_counts_by_what_it_gives(grants: Grants, options: dict[str, t.Any], changed: bool) -> None:
    theirs = grants.by_hand(**options)
    result = grants(wait=False)
    assert result["changed"] == changed and (result["grant_id"] == theirs) != changed
    gone = grants(state="absent")
    assert theirs in grants.there and gone["left"] == [theirs]
    assert gone["changed"] == changed and any(theirs in one for one in gone.warnings)


def test_a_grant_of_another_goes_by_its_id_alone(grants: Grants, oracle: Guard) -> None:
    theirs, other = grants.by_hand(), grants.by_hand("keep")
    oracle.given(theirs, to=["RevokeGrant"])
    only = {"grantee_principal": None, "purpose": None, "state": "absent"}
    assert grants(grant_id=theirs, **only)["grants"][0]["grant_id"] == theirs
    assert set(grants.there) == {other}
    assert not grants(grant_id=theirs, **only)["changed"]


def test_only_what_this_account_made_for_the_request_is_revoked(grants: Grants) -> None:
    """Others choose our name, or make grants of their own beside ours; none of them goes."""
    ours = grants(wait=False)
    name = ours["grants"][0]["name"]
    decoys = {
        "another grantee": grants.by_hand(name, GranteePrincipal=COPIER.replace("copier", "scaler")),
        "less": grants.by_hand(name, Operations=["DescribeKey", "Decrypt"]),
        "more": grants.by_hand(name, Operations=[*EIGHT]),
        "bound": grants.by_hand(name, Constraints={"EncryptionContextSubset": {"a": "b"}}),
        "another retires it": grants.by_hand(name, RetiringPrincipal=COPIER),
        "by another caller": grants.by_hand(),
        "under another name": grants.by_hand(name.replace("copy", "launch")),
    }
    assert grants(state="absent", check=True)["changed"]
    gone = grants(state="absent")
    assert [one["grant_id"] for one in gone["grants"]] == [ours["grant_id"]]
    assert set(grants.there) == set(decoys.values())
    assert set(gone["left"]) == set(decoys.values()) - {decoys["another grantee"]}
    again = grants(state="absent")
    assert not again["changed"] and set(grants.there) == set(decoys.values())


@pytest.mark.parametrize("remover", ["owner", "consumer"])
def test_the_same_grant_that_another_account_issued_is_left(grants: Grants, remover: str) -> None:
    """All of it is as the task asks, but for the account that issued it: that account's task relies on it."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{CONSUMER}:root"},
        "Action": ["kms:CreateGrant", "kms:ListGrants", "kms:DescribeKey", "kms:RevokeGrant"],
        "Resource": "*",
    }
    document = json.loads(grants.kms.get_key_policy(KeyId=KEY, PolicyName="default")["Policy"])
    document["Statement"].append(statement)
    grants.kms.put_key_policy(KeyId=KEY, PolicyName="default", Policy=json.dumps(document))
    own, other = ({"as_": AS_CONSUMER}, {}) if remover == "owner" else ({}, {"as_": AS_CONSUMER})
    made = grants(wait=False, **own)
    left = grants(state="absent", **other)
    assert not left["changed"] and left["left"] == [made["grant_id"]] and set(grants.there) == {made["grant_id"]}
    assert any(made["grant_id"] in one and "not made by this account" in one for one in left.warnings)
    assert grants(state="absent", **own)["changed"] and grants.there == {}


@pytest.mark.parametrize("check", [True, False])
def test_a_grant_is_not_revoked_where_sts_does_not_say_who_calls(grants: Grants, check: bool) -> None:
    made = grants(wait=False)
    grants.emulator.faults.add("access_denied", service="sts", action="GetCallerIdentity")
    result = grants(state="absent", check=check)
    assert result.failed and not result["changed"] and made["grant_id"] in result.msg and "grant_id" in result.msg
    assert set(grants.there) == {made["grant_id"]}
    only = {"grantee_principal": None, "purpose": None, "grant_id": made["grant_id"]}
    assert grants(state="absent", check=check, **only)["changed"], "the task names it"


def test_constraints_and_retiring_principal_are_given_on(grants: Grants) -> None:
    terms = {"constraints": {"encryption_context_subset": {"a": "b"}}, "retiring_principal": COPIER}
    made = grants(wait=False, **terms)
    (there,) = grants.there.values()
    assert there["Constraints"] == {"EncryptionContextSubset": {"a": "b"}} and there["RetiringPrincipal"] == COPIER
    assert made["grants"][0]["constraints"] == {"encryption_context_subset": {"a": "b"}}
    assert not grants(wait=False, **terms)["changed"]
    assert grants(wait=False)["changed"], "the bound grant gives less"


@pytest.mark.parametrize(("wait_timeout", "waits", "says"), [(300, 300, "cannot prove"), (60, 60, "may have to wait")])
def test_waiting_ends_with_what_cannot_be_proved(grants: Grants, wait_timeout: int, waits: int, says: str) -> None:
    grants.emulator.configure(grant_consistency_seconds=250)
    before = clock_of(grants)
    made = grants(wait_timeout=wait_timeout)
    assert clock_of(grants) - before == pytest.approx(waits, abs=5)
    assert len(made.warnings) == 1 and says in made.warnings[0] and COPIER in made.warnings[0]
    assert made["grants"][0]["issuing_account"] == f"arn:aws:iam::{HOME_ACCOUNT}:root"
    again, before = grants(), clock_of(grants)
    assert not again["changed"]
    assert bool(again.warnings) == (wait_timeout < 300), "a run that was killed left the rest of the wait"
    assert grants().warnings == [] and clock_of(grants) == pytest.approx(before, abs=5)


def test_a_grant_that_is_revoked_meanwhile_is_told(grants: Grants, virtual_time: VirtualTime) -> None:
    def revoke() -> None:
        for one in grants.there:
            grants.kms.revoke_grant(KeyId=KEY, GrantId=one)

    virtual_time.later(100, revoke)
    result = grants()
    assert result.failed and "somebody revoked it" in result.msg
    assert result["changed"] and result["grant_id"] in result.msg


def clock_of(grants: Grants) -> float:
    """Return the emulator's time in seconds since the epoch."""
    grants.kms.list_keys(Limit=1)
    stamp = grants.emulator.calls()[-1]["virtual_time"]
    return datetime.datetime.fromisoformat(stamp).timestamp()


@pytest.mark.parametrize("kind", ["drop", "server_error", "throttled"])
def test_trouble_makes_no_second_grant(grants: Grants, kind: str) -> None:
    grants.emulator.faults.add(kind, service="kms", action="CreateGrant", nth=2, **after(kind))
    assert grants(wait=False)["changed"]
    assert len(grants.there) == 1
    grants.emulator.faults.add(kind, service="kms", action="RevokeGrant", nth=2, **after(kind))
    assert grants(state="absent")["changed"] and not grants.there


def after(kind: str) -> dict[str, t.Any]:
    """Let an answer be lost that AWS has acted for; the first call was a dry run."""
    return {"when": "after"} if kind == "drop" else {}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"key_id": "alias/disabled"}, "is Disabled, and AWS makes grants on enabled keys only; enable it"),
        ({"key_id": "alias/dying"}, "PendingDeletion"),
        ({"key_id": "alias/aws/ebs"}, "AWS managed key"),
        ({"key_id": "alias/signing"}, "symmetric"),
        ({"key_id": "alias/none"}, "does not exist in us-east-1"),
        ({"key_id": KEY.replace(HOME_ACCOUNT, "111122223333")}, "kms:"),
        (
            {"grantee_principal": "arn:aws:iam::999999999999:role/x"},
            "Check that arn:aws:iam::999999999999:role/x exists",
        ),
        ({"grantee_principal": SCALING}, "aws iam create-service-linked-role --aws-service-name autoscaling"),
        ({"grantee_principal": "somebody"}, "is not the ARN"),
    ],
)
@pytest.mark.parametrize("check", [pytest.param(True, id="check mode"), pytest.param(False, id="run")])
def test_what_cannot_be_is_said_before_any_change(
    grants: Grants, oracle: Guard, changes: dict[str, t.Any], says: str, check: bool
) -> None:
    result = grants(check=check, region=REGION, **changes)
    assert result.failed and says in result.msg
    assert not result["changed"] and result["grants"] == [] and grants.there == {}


@pytest.mark.parametrize("code", ["InvalidArnException", "ValidationException", "NotFoundException"])
def test_a_role_that_only_its_own_account_could_look_up(grants: Grants, code: str) -> None:
    """The owner of the key cannot ask for the consumer's role; which code AWS answers then is not documented."""
    grants.emulator.faults.add(
        "error", service="kms", action="CreateGrant", code=code, status=400, message="no such principal"
    )
    result = grants(grantee_principal=SCALING, purpose="autoscaling")
    assert result.failed and code in result.msg
    assert grants.emulator.calls(action="GetRole") == []
    assert "create-service-linked-role" in result.msg


def test_a_grant_to_a_role_that_aws_does_not_look_for_is_made(grants: Grants) -> None:
    """Under the other reading AWS looks for no principal; the grant then is there for a role that is not."""
    grants.emulator.configure(key_policy_checks_principals=False)
    assert grants(grantee_principal=SCALING, purpose="autoscaling", wait=False)["changed"]
    (there,) = grants.there.values()
    assert there["GranteePrincipal"] == SCALING


def test_the_quota_of_a_key_is_named(grants: Grants) -> None:
    grants.by_hand(GranteePrincipal=f"arn:aws:iam::{CONSUMER}:root")
    grants.emulator.configure(grants_per_key=1)
    result = grants()
    assert result.failed and "50,000" in result.msg and KEY in result.msg


class TestConsumer:
    """The consumer's account on the owner's key, with the key policies that the documentation ships."""

    @pytest.fixture
    def policies(self, grants: Grants) -> t.Callable[..., None]:
        """Add policies of docs/iam to the key."""

        def add(*names: str) -> None:
            own = json.loads(grants.kms.get_key_policy(KeyId=KEY, PolicyName="default")["Policy"])
            for name in names:
                text = (POLICIES / f"kms-key-policy-{name}.json").read_text()
                own["Statement"] += json.loads(text)["Statement"]
            grants.kms.put_key_policy(KeyId=KEY, PolicyName="default", Policy=json.dumps(own))

        return add

    def ask(self, grants: Grants, **options: t.Any) -> Result:
        """Ask for the grant to Auto Scaling as the consumer."""
        return grants(as_=AS_CONSUMER, grantee_principal=SCALING, purpose="autoscaling", **options)

    @pytest.mark.parametrize("check", [True, False])
    def test_a_role_that_is_not_there_is_told_beforehand(
        self, grants: Grants, policies: t.Callable[..., None], check: bool
    ) -> None:
        policies("consumer")
        grants.kms.put_key_policy(KeyId=KEY, PolicyName="default", Policy=listable(grants))
        result = self.ask(grants, check=check)
        assert result.failed and "create-service-linked-role" in result.msg
        assert grants.emulator.calls(action="GetRole") and not grants.emulator.calls(action="CreateGrant")

    @pytest.mark.parametrize("check", [True, False])
    def test_the_condition_for_services_is_named_with_the_statement(
        self, grants: Grants, policies: t.Callable[..., None], check: bool
    ) -> None:
        make_role(grants.emulator)
        policies("consumer")
        grants.kms.put_key_policy(KeyId=KEY, PolicyName="default", Policy=listable(grants))
        result = self.ask(grants, check=check)
        assert result.failed and "kms:GrantIsForAWSResource" in result.msg
        statement = json.loads(result.msg[result.msg.index('{"Sid"') :])
        document = json.loads(grants.kms.get_key_policy(KeyId=KEY, PolicyName="default")["Policy"])
        document["Statement"].append(statement)
        grants.kms.put_key_policy(KeyId=KEY, PolicyName="default", Policy=json.dumps(document))
        assert self.ask(grants, wait=False)["changed"], "the statement is enough"

    def test_the_policies_of_the_guide_are_enough(self, grants: Grants, policies: t.Callable[..., None]) -> None:
        make_role(grants.emulator)
        policies("consumer", "consumer-autoscaling")
        assert self.ask(grants, check=True)["changed"] and self.ask(grants, wait=False)["changed"]
        assert not self.ask(grants, wait=False)["changed"]
        assert not grants(grantee_principal=SCALING, purpose="autoscaling", wait=False)["changed"], "by the owner"


def listable(grants: Grants) -> str:
    """Return the key's policy with the right of the consumer to list its grants."""
    document = json.loads(grants.kms.get_key_policy(KeyId=KEY, PolicyName="default")["Policy"])
    who = {"AWS": f"arn:aws:iam::{CONSUMER}:root"}
    document["Statement"].append({"Effect": "Allow", "Principal": who, "Action": "kms:ListGrants", "Resource": "*"})
    return json.dumps(document)


def make_role(emulator: Emulator) -> None:
    """Make the service-linked role of Auto Scaling in the consumer's account."""
    session: t.Any = emulator.session(account=CONSUMER, region=REGION)
    session.client("iam").create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com")


@pytest.mark.parametrize("state", ["present", "absent"])
def test_denials_are_named_one_by_one(grants: Grants, state: str) -> None:
    """Without any of its permissions the module fails, or warns, with nothing changed, and names what is missing."""
    if state == "absent":
        assert not grants(wait=False).failed
    before = grants.there
    for action in ("DescribeKey", "ListGrants", "CreateGrant" if state == "present" else "RevokeGrant"):
        rule = grants.emulator.faults.add("access_denied", service="kms", action=action)
        result = grants(state=state, check=action == "DescribeKey", wait=False)
        assert f"kms:{action}" in " ".join([result.msg, *result.warnings])
        grants.emulator.faults.clear(rule)
        assert result.failed == (action != "DescribeKey") and grants.there == before


def test_a_run_that_was_killed_after_its_call_is_made_good(
    grants: Grants, virtual_time: VirtualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left of a killed run is a grant that nobody waited for; the next one finds it and waits for the rest."""

    def die(_seconds: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Pace.__init__, "__defaults__", (virtual_time.now, die, 0.1))
        grants()
    again = grants()
    assert not again["changed"] and len(grants.there) == 1 and again.warnings


def test_a_temporary_grant_goes_alone(grants: Grants) -> None:
    lasting = grants(wait=False)["grant_id"]
    assert grants(temporary=True)["grant_id"] == lasting, "what gives as much is enough"
    assert not grants(temporary=True, state="absent")["changed"] and set(grants.there) == {lasting}
    grants(state="absent")
    soon = grants(temporary=True, wait=False)
    assert soon["grants"][0]["name"].startswith("sealed-ami:copy-temporary:")
    kept = grants(state="absent")
    assert (kept["changed"], kept["left"], set(grants.there)) == (False, [soon["grant_id"]], {soon["grant_id"]})
    assert grants(temporary=True, state="absent")["changed"] and not grants.there


def test_a_temporary_grant_is_not_named_by_id(grants: Grants) -> None:
    options = {"grantee_principal": None, "purpose": None, "grant_id": "a", "state": "absent"}
    refused = grants(temporary=True, **options)
    assert refused.failed and "drop temporary" in refused.msg
