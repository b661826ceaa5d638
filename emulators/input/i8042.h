/* SPDX-License-Identifier: GPL-2.0-only */
/* What input devices of the host, or a display's client, may do to a keyboard controller. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct emu_dev;

/**
 * Bytes of a key pressed or released, in scan code set 2. What does not fit into the keyboard's
 * memory is lost as a whole. Any context. @return taken
 */
bool i8042_key(struct emu_dev *dev, const uint8_t *bytes, unsigned n);
/**
 * The mouse has moved. Any context.
 * @param buttons  bit 0 left, 1 right, 2 middle
 * @param wheel    steps, for a driver that has switched the wheel on
 * @return taken: the driver listens and there was room
 */
bool i8042_mouse(struct emu_dev *dev, int dx, int dy, unsigned buttons, int wheel);
