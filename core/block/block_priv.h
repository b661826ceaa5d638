/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the list of block devices (blockdev.c) does for files beside it.
 */
#pragma once

#include <core/blockdev.h>

/**
 * Give a disk these partitions (struct blockdev, by sibling) in the place of others, and names.
 * @return 0, -EBUSY: one that it has is in use, as *user. Those of the list are released then.
 */
must_check int blockdev_set_children(struct blockdev *bd, struct list *children,
				     const char **user);
/** blockdev_unregister() of one that the caller holds by blockdev_get(), and does not then. */
must_check int blockdev_unregister_held(struct blockdev *bd);
