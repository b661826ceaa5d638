/* SPDX-License-Identifier: GPL-2.0-only */
/* The fake port enters its guest programs by a plain function. */
#pragma once

void arch_vcpu_enter(struct vcpu *vcpu, struct vcpu_exit *exit);
