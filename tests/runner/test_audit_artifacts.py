# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What remains of an audit when the folder of its job is gone: artifacts of a bounded size, and reports in a bucket."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from emulated_aws.client import Emulator
from oracle.guard import Guard

from .engine import Job, injected
from .fleet import HOME, pipeline_credentials

# The inventory that awx_setup makes for what plays on localhost.
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
LOCALHOST = {"all": {"hosts": ["localhost"]}, "_meta": {"hostvars": {"localhost": LOCAL}}}
BUCKET, LIMIT = "reports-of-images", 3


@pytest.fixture
def storage(aws: Emulator) -> t.Any:
    """Return a client of S3, which moto brings with it, where the bucket is."""
    client = aws.session(account=HOME, region="us-east-1").client("s3")
    client.create_bucket(Bucket=BUCKET)
    return client


def test_verdicts_are_passed_on_and_reports_are_kept_though_the_job_fails(
    aws: Emulator, tmp_path: pathlib.Path, storage: t.Any, oracle: Guard
) -> None:
    oracle.given(BUCKET, to=["PUT"])
    variables = {
        "audit_regions": "us-east-1",
        "audit_html_path": "",
        "audit_json_path": "",
        "audit_verdicts_limit": LIMIT,
        "audit_s3_bucket": BUCKET,
        "audit_s3_prefix": "nightly/",
    }
    job = Job(tmp_path, playbook="audit", inventory=LOCALHOST, variables=variables)
    credentials = injected(aws, pipeline_credentials(aws), token="AWS_SECURITY_TOKEN")
    launch = job.run(credentials)
    assert launch.status == "failed"
    assert "images are not compliant" in launch.stdout
    summary, verdicts = (launch.passed_on[name] for name in ("audit_summary", "audit_verdicts"))
    assert len(verdicts["images"]) == LIMIT
    assert verdicts["left_out"] == summary["images"] - LIMIT > 0
    assert [image["compliant"] for image in verdicts["images"]] == [False] * LIMIT
    assert verdicts["images"][0]["reasons"]
    page = storage.get_object(Bucket=BUCKET, Key="nightly/audit.html")
    assert page["ContentType"] == "text/html"
    assert b"</html>" in page["Body"].read()
    report = json.loads(storage.get_object(Bucket=BUCKET, Key="nightly/audit.json")["Body"].read())
    assert report["summary"] == summary
    grants = storage.get_object_acl(Bucket=BUCKET, Key="nightly/audit.json")["Grants"]
    assert [grant["Permission"] for grant in grants] == ["FULL_CONTROL"]
