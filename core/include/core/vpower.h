/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Power buttons of guests: a device that has one (a line of a GPIO controller) registers it here,
 * and the shell presses it. What the guest does about it is its own decision.
 */
#pragma once

#include <libs/list.h>
#include <libs/util.h>

struct guest;

/** One button; memory of the device that registers it. */
struct vpower {
	struct list link; /* all buttons; lock of vpower.c */
	struct guest *guest;
	/** Press and release. Thread context. @return 0 or negative errno */
	int (*press)(struct vpower *button);
};

/**
 * Add a button; guest and press are set. The first one of a guest is its power button. Thread
 * context.
 */
void vpower_register(struct vpower *button);
/** Take it away; afterwards press() does not run. Thread context. */
void vpower_unregister(struct vpower *button);
/**
 * Press the power button of a guest. Thread context; the guest is held by the caller.
 * @return 0, -ENODEV when it has none, or what the device says
 */
must_check int guest_power_button(struct guest *guest);
