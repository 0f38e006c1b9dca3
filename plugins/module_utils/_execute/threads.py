# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Threads beside a main thread that Ctrl-C must reach."""

from __future__ import annotations

import signal
import threading


def start_beside(thread: threading.Thread) -> None:
    """Start a thread that takes no signal.

    Python handles signals in the main thread, which does not wake up for a signal that another thread has taken: as
    long as it waits for a child or a lock, Ctrl-C would do nothing. A thread inherits its starter's mask.
    """
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        thread.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
