/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the guest hostile share.
 */
#pragma once

#include "gic.h"

/** Is there a round number i to do? */
bool go_on(uint64_t i);

void mode_pci(void);
void mode_its(void);
void mode_net_flood(void);
void mode_net_frames(void);
void mode_net_rings(void);
