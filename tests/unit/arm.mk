# SPDX-License-Identifier: GPL-2.0-only
#
# Parts of the ARM port that need no ARM CPU.

test_a32_decode := arch/arm/common/a32_decode.c
cflags_test_a32_decode := -I$(top)/arch/arm/common
fuzz_a32_decode := arch/arm/common/a32_decode.c
cflags_fuzz_a32_decode := -I$(top)/arch/arm/common
