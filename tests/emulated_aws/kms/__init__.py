# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KMS: moto's, with key states, usage, managers, regions, policies and grants as AWS documents them."""

from __future__ import annotations


def install() -> None:
    """Put our key store and our answers in the place of moto's."""
    from moto.kms import urls
    from moto.kms.models import kms_backends

    from emulated_aws.kms import sharing
    from emulated_aws.kms.backend import KeyStore
    from emulated_aws.kms.responses import KmsAnswers

    sharing.install()
    kms_backends.backend = KeyStore
    kms_backends.clear()
    urls.url_paths = {"{0}/$": KmsAnswers.dispatch}
