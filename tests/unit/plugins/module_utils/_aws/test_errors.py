# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an error says is to be done, in the words in which AWS says what is wrong (recorded answers, aws_rules §25)."""

from __future__ import annotations

import typing as t

import botocore.exceptions
import pytest
from botocore.parsers import ResponseParserError

from ansible_collections.sealed.ami.plugins.module_utils._aws.errors import AwsError, call

DENIED = (
    "You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/x is not authorized to "
)
ON = " on resource: arn:aws:ec2:us-east-1::image/*"


def refused(code: str, message: str, *, operation: str = "CopyImage", status: int = 400) -> AwsError:
    """Return the error that a call ends in when AWS answers so."""
    answer: t.Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return failure_of(botocore.exceptions.ClientError(answer, operation))


def failure_of(exception: Exception) -> AwsError:
    """Return the error that a call ends in when botocore raises so."""

    def fail() -> None:
        raise exception

    with pytest.raises(AwsError) as caught:
        call("copy the image", fail, retry=False)
    return caught.value


@pytest.mark.parametrize(
    ("code", "message", "action", "words"),
    [
        pytest.param(
            "UnauthorizedOperation",
            f"{DENIED}perform: ec2:CreateTags{ON} because no identity-based policy allows the ec2:CreateTags action",
            "ec2:CreateTags",
            "in the policy of this principal",
            id="another action",
        ),
        pytest.param(
            "UnauthorizedOperation",
            f"{DENIED}perform: iam:PassRole on resource: arn:aws:iam::1:role/x because no identity-based policy allows",
            "iam:PassRole",
            "in the policy of this principal",
            id="another service",
        ),
        pytest.param(
            "UnauthorizedOperation", "You are not.", "ec2:CopyImage", "in the policy of this", id="no sentence"
        ),
        pytest.param(
            "AccessDeniedException", "no", "kms:CopyImage", "in the policy of this", id="KMS without sentence"
        ),
        pytest.param(
            "UnauthorizedOperation",
            f"{DENIED}perform: ec2:CopyImage{ON} with an explicit deny in an identity-based policy",
            "ec2:CopyImage",
            "no permission overrides",
            id="explicit",
        ),
        pytest.param(
            "UnauthorizedOperation",
            f"{DENIED}perform: ec2:CopyImage{ON} with an explicit deny in a service control policy",
            "ec2:CopyImage",
            "organization's administrator",
            id="service control policy",
        ),
        pytest.param(
            "UnauthorizedOperation",
            f"{DENIED}perform: ec2:CopyImage{ON} because no service control policy allows the ec2:CopyImage action",
            "ec2:CopyImage",
            "organization's administrator",
            id="service control policy without allow",
        ),
        pytest.param(
            "UnauthorizedOperation",
            f"{DENIED}perform: ec2:CopyImage{ON} because no permissions boundary allows the ec2:CopyImage action",
            "ec2:CopyImage",
            "permissions boundary",
            id="permissions boundary",
        ),
        pytest.param(
            "AccessDeniedException",
            "User: x is not authorized to perform: kms:DescribeKey on resource: arn:aws:kms:us-east-1:1:key/1 because "
            "no resource-based policy allows the kms:DescribeKey action",
            "kms:DescribeKey",
            "key policy",
            id="key policy",
        ),
        pytest.param(
            "AccessDeniedException",
            "User: x is not authorized to perform: kms:CreateGrant on this resource because the resource does not "
            "exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly "
            "denies access",
            "kms:CreateGrant",
            "key policy",
            id="key of another account",
        ),
        pytest.param(
            "AccessDenied",
            "User: x is not authorized to perform: sts:AssumeRole on resource: y with an explicit deny in a session "
            "policy",
            "sts:AssumeRole",
            "session policy",
            id="session policy",
        ),
        pytest.param(
            "UnauthorizedOperation",
            f"{DENIED}perform: ec2:CopyImage{ON} with an explicit deny in a VPC endpoint policy",
            "ec2:CopyImage",
            "VPC endpoint",
            id="VPC endpoint policy",
        ),
    ],
)
def test_a_denial_names_the_action_and_the_policy_that_can_help(
    code: str, message: str, action: str, words: str
) -> None:
    error = refused(code, message)
    remedy = str(error).partition(f"operation: {message.rstrip('.')}. ")[2]
    assert action in remedy and words in remedy
    assert error.is_denied and not error.is_ambiguous


@pytest.mark.parametrize(
    ("code", "message", "words"),
    [
        pytest.param("AuthFailure", "Not authorized for images: [ami-1]", "launch permission", id="not shared"),
        pytest.param("AuthFailure", "Not authorized for image:ami-1", "launch permission", id="not shared, one"),
        pytest.param(
            "AuthFailure",
            "AWS was not able to validate the provided access credentials",
            "Check the credentials and that this machine's clock is right, and that the region is enabled",
            id="credentials, clock or region",
        ),
        pytest.param("OptInRequired", "You are not subscribed to this service.", "Enable the region", id="opt-in"),
        pytest.param(
            "OptInRequired",
            "In order to use this AWS Marketplace product you need to accept terms and subscribe.",
            "Subscribe to the product",
            id="Marketplace",
        ),
        pytest.param(
            "UnrecognizedClientException", "The security token is invalid.", "region is enabled", id="unknown client"
        ),
        pytest.param("InvalidClientTokenId", "The token is invalid.", "Check the credentials", id="unknown key id"),
        pytest.param("SignatureDoesNotMatch", "Signature expired", "clock is right", id="clock"),
        pytest.param("RequestExpired", "Request has expired.", "credentials expired", id="expired, EC2"),
        pytest.param("ExpiredTokenException", "It has expired", "credentials expired", id="expired, KMS"),
        pytest.param("ExpiredToken", "It has expired", "credentials expired", id="expired, STS"),
        pytest.param("FilterLimitExceeded", "200", "fewer ids", id="filters"),
    ],
)
def test_each_meaning_of_a_code_has_its_remedy(code: str, message: str, words: str) -> None:
    said = str(refused(code, message))
    assert words in said and ".." not in said


def test_a_code_that_speaks_for_itself_gets_no_remedy() -> None:
    assert str(refused("InvalidAMIID.Malformed", "Invalid id: x")).endswith("Invalid id: x")


@pytest.mark.parametrize(
    ("exception", "words", "ambiguous", "outage"),
    [
        pytest.param(botocore.exceptions.NoCredentialsError(), "access_key", False, False, id="none"),
        pytest.param(
            botocore.exceptions.SSOTokenLoadError(error_msg="it does not exist"),
            "aws sso login",
            False,
            False,
            id="SSO",
        ),
        pytest.param(botocore.exceptions.UnauthorizedSSOTokenError(), "aws sso login", False, False, id="SSO expired"),
        pytest.param(
            botocore.exceptions.TokenRetrievalError(provider="sso", error_msg="expired"),
            "aws sso login",
            False,
            False,
            id="SSO session expired",
        ),
        pytest.param(
            botocore.exceptions.InvalidConfigError(error_msg="source_profile missing"),
            "configuration files",
            False,
            False,
            id="source profile",
        ),
        pytest.param(
            botocore.exceptions.InfiniteLoopConfigError(source_profile="a", visited_profiles=["a"]),
            "configuration files",
            False,
            False,
            id="a loop of profiles",
        ),
        pytest.param(
            botocore.exceptions.CredentialRetrievalError(provider="custom-process", error_msg="exit 1"),
            "access_key",
            False,
            False,
            id="credential process",
        ),
        pytest.param(
            botocore.exceptions.EndpointConnectionError(endpoint_url="https://x"),
            "AWS did not answer",
            True,
            True,
            id="unreachable",
        ),
        pytest.param(
            botocore.exceptions.ReadTimeoutError(endpoint_url="https://x"), "AWS did not answer", True, True, id="slow"
        ),
        pytest.param(
            botocore.exceptions.SSLError(endpoint_url="https://x", error=OSError("self-signed")),
            "aws_ca_bundle",
            True,
            True,
            id="certificate",
        ),
        pytest.param(
            botocore.exceptions.ProxyConnectionError(proxy_url="http://p"), "HTTPS_PROXY", True, True, id="proxy"
        ),
        pytest.param(botocore.exceptions.ParamValidationError(report="bad"), "bad", False, False, id="parameter"),
        pytest.param(ResponseParserError("no XML"), "endpoint_url and the proxy", True, False, id="a web page"),
        pytest.param(FileNotFoundError(2, "No such file", "helper"), "credential_process", True, False, id="program"),
    ],
)
def test_what_botocore_raises_has_a_remedy(exception: Exception, words: str, ambiguous: bool, outage: bool) -> None:
    error = failure_of(exception)
    assert words in str(error)
    assert ("did not answer" in str(error)) is outage
    assert (error.code, error.is_denied, error.is_ambiguous, error.is_outage) == ("", False, ambiguous, outage)


def test_a_role_that_may_not_be_assumed_is_not_a_call_that_is_denied() -> None:
    """Else a key would pass for one that may not be described, and its check would be left out."""
    error = refused("AccessDenied", "User: x is not authorized to perform: sts:AssumeRole", operation="AssumeRole")
    assert not error.is_denied and "sts:AssumeRole" in str(error)


@pytest.mark.parametrize(
    ("code", "status", "ambiguous", "outage"),
    [
        pytest.param("InternalError", 500, True, True, id="server error"),
        pytest.param("RequestLimitExceeded", 503, False, True, id="throttled"),
        pytest.param("Unavailable", 503, True, True, id="unavailable"),
        pytest.param("InvalidParameterValue", 400, False, False, id="refused"),
    ],
)
def test_whether_aws_may_have_acted(code: str, status: int, ambiguous: bool, outage: bool) -> None:
    error = refused(code, "words", status=status)
    assert (error.is_ambiguous, error.is_outage) == (ambiguous, outage)
