/* SPDX-License-Identifier: GPL-2.0-only */
/* ID registers of guests; see vcpu_idreg.c. */
#pragma once

#include <stdint.h>

struct vcpu;

/** Read this CPU's and compute the guests' values; once, after the features are known. */
void idreg_init(void);
/** Value of S3_0_C0_C<crm>_<op2> for a vCPU. */
uint64_t idreg_read(const struct vcpu *vcpu, unsigned crm, unsigned op2);
