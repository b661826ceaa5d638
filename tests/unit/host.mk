# SPDX-License-Identifier: GPL-2.0-only
#
# The fake port by itself.

test_host := $(host-port)
test_host_memory := $(host-port)
test_host_vcpu := $(host-port)
