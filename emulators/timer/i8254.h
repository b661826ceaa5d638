/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The 8254 as other timers of a guest see it: those of an HPET can take its interrupt's place. Its
 * own lock guards what is changed here. Private to emulators/timer.
 */
#pragma once

#include <stdbool.h>

struct emu_dev;
struct guest;

/** The 8254 of a guest whose devices are all probed. @return NULL: it has none */
struct emu_dev *i8254_of(const struct guest *guest);
/**
 * Keep its interrupt's line as it is, or let it drive it again. Any context; never takes a lock of
 * the caller's.
 */
void i8254_replace(struct emu_dev *dev, bool replaced);
