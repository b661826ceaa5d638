/* SPDX-License-Identifier: GPL-2.0-only */
/* The file "/file" of fake_sink.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Empty and closed, with room for so many bytes. Frees what was kept. */
void fake_sink_begin(size_t most);
const uint8_t *fake_sink_content(size_t *n);
bool fake_sink_open(void);
bool fake_sink_synced(void);
