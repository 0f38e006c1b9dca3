# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What to do about an error of AWS or botocore: pure functions of its code, its words and its class."""

from __future__ import annotations

import re
import typing as t

DENIED_CODES: t.Final = frozenset({"UnauthorizedOperation", "AccessDenied", "AccessDeniedException"})
_ACTION: t.Final = re.compile(r"not authorized to perform: (?P<action>[a-z0-9-]+:[A-Za-z0-9]+)")
_EXPIRED: t.Final = "The credentials expired; renew them and run the task again: it resumes where it stopped"
_CREDENTIALS_OR_REGION: t.Final = (
    "Check the credentials and that this machine's clock is right, and that the region is enabled for this account: "
    "opt-in regions are not until somebody enables them"
)
_BY_CODE: t.Final[t.Mapping[str, str]] = {
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "RequestExpired": _EXPIRED,
    "AuthFailure": _CREDENTIALS_OR_REGION,
    "UnrecognizedClientException": _CREDENTIALS_OR_REGION,
    "InvalidClientTokenId": _CREDENTIALS_OR_REGION,
    "SignatureDoesNotMatch": "Check the credentials and that this machine's clock is right",
    "InvalidSignatureException": "Check the credentials and that this machine's clock is right",
    "OptInRequired": "Enable the region for this account (AWS Account Management), or choose another region",
    "PendingVerification": "AWS is still verifying this account; run the task again when it has said that it is done",
    "Blocked": "AWS has blocked this account; ask AWS Support",
    "ParameterMaxVersionLimitExceeded": (
        "Systems Manager keeps 100 versions and drops none that has a label: move the labels of the oldest one "
        "(ssm:LabelParameterVersion), or take them off (ssm:UnlabelParameterVersion)"
    ),
    "ParameterVersionLabelLimitExceeded": (
        "A version of a parameter has 10 labels at most: take some off (ssm:UnlabelParameterVersion)"
    ),
    "FilterLimitExceeded": "Give fewer ids or filter values at a time",
}
# The policy that forbids, as AWS's sentence names it, and what helps.
_BY_POLICY: t.Final = (
    (
        "service control polic",
        "A service control policy of the organization forbids {action}; no policy of this account can allow it. Ask "
        "the organization's administrator",
    ),
    (
        "resource control polic",
        "A resource control policy of the organization that owns the resource forbids {action}; no policy of an "
        "account can allow it. Ask that organization's administrator",
    ),
    (
        "permissions boundar",
        "The permissions boundary of this principal forbids {action}; it must allow the action as well as the "
        "principal's own policy",
    ),
    (
        "session polic",
        "The session policy that this role was assumed with forbids {action}; assume the role with a policy that "
        "allows it, or with none",
    ),
    (
        "VPC endpoint polic",
        "The policy of the VPC endpoint on the way to AWS forbids {action}; allow it there",
    ),
    (
        "resource-based polic",
        "Allow the action {action} to this principal in the policy of the resource, which for a KMS key is the key "
        "policy; for a key of another account the policy of this principal must allow it too",
    ),
)
_EXPLICIT: t.Final = (
    "A policy of this principal denies {action} explicitly, and no permission overrides that: change the statement "
    "that denies it"
)
_IMPLICIT: t.Final = "Allow the action {action} in the policy of this principal"

_FILES: t.Final = (
    "Correct the shared AWS configuration files (~/.aws/config and ~/.aws/credentials, or those that AWS_CONFIG_FILE "
    "and AWS_SHARED_CREDENTIALS_FILE name), name another profile, or pass access_key and secret_key"
)
_LOGIN: t.Final = (
    "Log in again, by aws sso login --profile NAME for IAM Identity Center and aws login otherwise, then run the task "
    "again: it resumes where it stopped"
)
_GIVE: t.Final = "Give access_key and secret_key, a profile, or the environment that boto3 reads credentials from"
_NO_ANSWER: t.Final = (
    "AWS did not answer; check the region, the network and endpoint_url, then run the task again: it resumes"
)
# By the name of botocore's class, for older releases lack some; the nearest class of an exception counts.
_BY_CLASS: t.Final[t.Mapping[str, str]] = {
    "NoCredentialsError": _GIVE,
    "PartialCredentialsError": _GIVE,
    "CredentialRetrievalError": _GIVE,
    "MetadataRetrievalError": _GIVE,
    "SSOError": _LOGIN,
    "TokenRetrievalError": _LOGIN,
    "NoAuthTokenError": _LOGIN,
    "LoginError": _LOGIN,
    "ProfileNotFound": _FILES,
    "InvalidConfigError": _FILES,
    "ConfigParseError": _FILES,
    "ConfigNotFound": _FILES,
    "UnknownCredentialError": _FILES,
    "InvalidRegionError": "Check the names of the regions",
    "RefreshWithMFAUnsupportedError": "Get temporary credentials with the code of the MFA device and pass those",
    "SSLError": (
        "AWS did not answer, for the certificate is not accepted; check aws_ca_bundle, validate_certs and endpoint_url"
    ),
    "ProxyConnectionError": "AWS did not answer; check the proxy that HTTPS_PROXY names, then run the task again",
    "HTTPClientError": _NO_ANSWER,
    "ConnectionError": _NO_ANSWER,
}
# What botocore raises before it sends anything: AWS cannot have acted.
NEVER_SENT: t.Final = frozenset(
    {
        "NoCredentialsError",
        "PartialCredentialsError",
        "CredentialRetrievalError",
        "MetadataRetrievalError",
        "SSOError",
        "TokenRetrievalError",
        "NoAuthTokenError",
        "LoginError",
        "ProfileNotFound",
        "InvalidConfigError",
        "ConfigParseError",
        "ConfigNotFound",
        "UnknownCredentialError",
        "RefreshWithMFAUnsupportedError",
        "ParamValidationError",
        "ValidationError",
        "BaseEndpointResolverError",
        "EndpointProviderError",
    }
)


def class_names(exception: BaseException | None) -> list[str]:
    """Return the names of an exception's classes, the nearest first."""
    return [one.__name__ for one in type(exception).__mro__] if exception is not None else []


def remedy_for_code(code: str, message: str, *, operation: str) -> str:
    """Return what to do about an error that AWS has answered, empty where nothing helps that the words do not say."""
    if code in DENIED_CODES:
        return _remedy_for_denial(code, message, operation)
    if code == "AuthFailure" and "not authorized for image" in message.lower():
        return "The image is not shared with this account; ask its owner for launch permission, and check the id"
    if code == "OptInRequired" and "marketplace" in message.lower():
        return "Subscribe to the product in AWS Marketplace with this account, then run the task again"
    return _BY_CODE.get(code, "")


def remedy_for_class(exception: BaseException) -> str:
    """Return what to do about an error that botocore raised by itself."""
    return next((_BY_CLASS[name] for name in class_names(exception) if name in _BY_CLASS), "")


def denied_action(code: str, message: str, *, operation: str) -> str:
    """Return the action that AWS's sentence names, which need not be the operation that was called."""
    found = _ACTION.search(message)
    if found:
        return found["action"]
    service = {"UnauthorizedOperation": "ec2", "AccessDeniedException": "kms"}.get(code, "sts")
    return f"{service}:{operation}"


def _remedy_for_denial(code: str, message: str, operation: str) -> str:
    action = denied_action(code, message, operation=operation)
    for policy, remedy in _BY_POLICY:
        if policy in message:
            return remedy.format(action=action)
    return (_EXPLICIT if "explicit deny" in message else _IMPLICIT).format(action=action)
