# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be tuned: durations, quotas, and one switch for each rule that AWS's documents leave open."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass
class Settings:
    """Every value may be changed while the emulator runs; ``reset`` restores the defaults."""

    # Durations in virtual seconds.
    copy_seconds_per_gib: float = 0.0
    copy_seconds_minimum: float = 0.0
    snapshot_seconds_per_gib: float = 0.0
    instance_start_seconds: float = 0.0
    instance_stop_seconds: float = 0.0
    volume_create_seconds: float = 0.0
    not_found_lag: float = 0.0
    tag_filter_lag: float = 0.0

    # Quotas (aws_rules §8); zero switches a quota off.
    concurrent_snapshot_copies: int = 20
    concurrent_image_copies: int = 300
    entities_per_image: int = 1000  # accounts, groups, organizations and units that an image is shared with (§14.1)
    pending_snapshots: int = 100
    pending_snapshots_per_volume: int = 5
    pending_snapshots_per_cold_volume: int = 1  # st1 and sc1
    copy_image_counts_snapshots: bool = True  # UNVERIFIED whether CopyImage counts against the 20.

    # KMS (aws_rules §14, §15).
    grant_consistency_seconds: float = 0.0  # "usually less than five minutes"; a grant's token bridges it
    grants_per_key: int = 50000
    key_policy_checks_principals: bool = True
    ram_key_shares_grant: bool = True
    ram_list_lag_seconds: float = 0.0
    associated_keys_allowed_on_aws_managed: bool = False
    associated_keys_limit: int = 1
    associate_key_checks: t.Literal["sync", "async"] = "sync"
    copies_carry_associated_keys: bool = False  # UNVERIFIED (aws_rules §15)

    # Sharing and attributes (§14.5, §16).
    allowed_images_managed_by: t.Literal["account", "declarative-policy"] = "account"
    copy_image_carries_deprecation: bool = False
    copy_image_carries_instance_types: bool = True
    watermark_filter_guide_name: bool = False  # image-watermark-key, as the guide has it, and not the model's name

    # Use and retiring (§17, §18).
    rbin_rule_seconds: float = 0.0
    rbin_keeps_name: bool = True
    rbin_restores_disabled: bool = True
    snapshot_recovery_seconds: float = 0.0
    deregister_locked_snapshot: t.Literal["client-error", "skipped", "internal-error"] = "client-error"
    last_launched_delay: float = 86400.0
    references_lag_seconds: float = 0.0
    references_see_text_parameters: bool = True
    references_when_denied: t.Literal["fail", "shrink"] = "fail"
    usage_report_seconds: float = 0.0
    usage_report_lag: float = 0.0
    usage_reports_fail: bool = False
    own_account_in_usage_report: bool = False

    # Parameters and launch templates (§19, §20).
    ssm_image_validation_seconds: float = 0.0
    ssm_shared_images_validate: bool = True
    ssm_failed_validation_uses_version: bool = True
    launch_template_accepts_dollar_source: bool = False

    # Auto Scaling (§17.3, §20).
    instance_refresh_seconds: float = 0.0
    instance_refresh_refuses: t.Literal["sync", "failed"] = "sync"  # what ReplaceRootVolume cannot do
    replaced_root_shows_image: bool = False  # whether DescribeInstances names the image of the new root volume
    autoscaling_checks_override_images: bool = True

    # Local Zones (§21).
    local_zone_requires_encryption: bool = False  # "Not all Local Zones require encrypted snapshots"
    local_zone_copies_between: t.Literal["none", "group", "parent"] = "group"  # CopyImage: "certain Local Zones"

    # Rules on which AWS's documents contradict each other or are silent.
    copy_image_same_region_key: t.Literal["source", "aws_ebs"] = "source"  # §1.3 rows 4 and 5
    copy_snapshot_same_region_key: t.Literal["source", "aws_ebs"] = "aws_ebs"  # §1.3, EBS guide
    copy_image_duplicate_names: bool = True  # §1.1 Name
    copy_image_reports_source: bool = True  # §9: lineage fields on the copy at all
    copy_image_reports_source_while_pending: bool = True  # §9
    copy_image_sends_default_description: bool = False  # §1.1 Description
    copy_image_keeps_snapshots_of_failed: bool = True  # §1.2.4
    copy_image_failed_image_vanishes: bool = False  # §1.2.4
    token_outlives_image: bool = True  # §9: a token whose image is gone returns the old id
    explicit_false_under_default_encryption: t.Literal["error", "ignored"] = "ignored"  # §1.3 row 1
    register_image_keeps_billing: bool = False  # §3.2: does CopySnapshot keep the billing metadata
    image_mapping_shows_key: bool = False  # §5.1: KmsKeyId in Image BDM
    default_key_reported_as_alias: bool = True  # §6: GetEbsDefaultKmsKeyId
    progress_reaches_100_while_pending: bool = True  # §2
    copy_snapshot_explicit_false: t.Literal["error", "ignored"] = (
        "ignored"  # §2: "You cannot set this parameter to false"
    )
    deregistered_image_known_seconds: float = 3600.0  # §5.1: empty list, and Unavailable, before NotFound
    deregistered_image_listed_seconds: float = 0.0  # §25.5: in the state deregistered, before the empty list
    unshared_image_by_id: t.Literal["not_found", "empty"] = "not_found"  # §25.6: DescribeImages
    regions_not_enabled: tuple[str, ...] = ()  # §25.6: as a region that the account has not opted in to
    failed_launch_names_key_state: bool = True  # §25.11: the other StateReason of a launch without its key
    bad_key_volume: t.Literal["vanishes", "error"] = "vanishes"  # §4.2

    def update(self, values: t.Mapping[str, t.Any]) -> None:
        """Set the named values; an unknown name raises ``KeyError``."""
        known = {field.name for field in dataclasses.fields(self)}
        for name, value in values.items():
            if name not in known:
                raise KeyError(name)
            setattr(self, name, value)

    def reset(self) -> None:
        """Restore every default."""
        self.update(dataclasses.asdict(Settings()))


settings = Settings()
