# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Auto Scaling: moto's groups, which launch the images that their configuration names (aws_rules §17.3, §20)."""

from __future__ import annotations


def install() -> None:
    """Put our groups and answers in the place of moto's."""
    from moto.autoscaling import models, urls

    from emulated_aws.autoscaling.answers import Answers
    from emulated_aws.autoscaling.group import Group

    models.FakeAutoScalingGroup = Group  # type: ignore[misc]  # create_auto_scaling_group looks the class up here
    urls.url_paths = {"{0}/$": Answers.dispatch}
