/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's device tree for tests that make guests: nothing but the node of guests. It is there
 * until the test program ends.
 */
#pragma once

#include <core/dt.h>

#include "unit.h"

/** Make it, when it was not made before. */
static inline void boot_tree(void)
{
	static uint8_t blob[256] __attribute__((aligned(8)));
	struct dt_node *empty;

	if (dt_root())
		return;
	empty = dt_new_tree();
	CHECK(dt_flatten(empty, blob, sizeof(blob)) > 0);
	CHECK_EQ(dt_del_node(empty), 0);
	CHECK_EQ(dt_init(blob), 0);
	CHECK(dt_add_node(dt_root(), "guests"));
}
