/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls to the machine's own firmware (PSCI, Arm DEN 0022).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <arch/types.h>
#include <libs/util.h>

/**
 * Start a CPU. Thread context.
 * @param hwid   MPIDR affinity
 * @param entry  physical address at which it starts, caches off
 * @param arg    what it finds in its first register
 * @return 0, -ENOSYS (no PSCI), -EINVAL, -EALREADY, -EACCES, -EIO
 */
must_check int psci_host_cpu_on(uint64_t hwid, hpa_t entry, uint64_t arg);
/** Does the machine have firmware that can start CPUs? */
bool psci_host_present(void);
/** PSCI version, major in the upper 16 bits; 0 when there is none. */
uint32_t psci_host_version(void);
