# SPDX-License-Identifier: GPL-2.0-only
#
# The fake port by itself.

test_host := $(host-port)
