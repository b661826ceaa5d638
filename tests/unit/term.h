/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A terminal for tests of the shell: a character device whose output goes to a screen and is kept,
 * and whose input comes when the shell's thread waits for it. The clock moves when it waits for a
 * moment.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <core/chardev.h>
#include <core/shell.h>

#include "screen.h"

extern struct chardev term;
extern struct screen term_screen;

/** A fresh terminal and clock; the terminal is the console when `console`. */
void term_begin(bool console);
/** It goes away. */
void term_end(void);
/** All that was sent since the last call; valid until the next one. */
const char *term_text(void);
/** Input that arrives when somebody waits, byte by byte. */
void term_input(const char *text);
/** The same at once, as by an interrupt. */
void term_receive(const char *text);
/**
 * Called when there is no more input and somebody waits; true: it did something, false: nothing
 * comes any more.
 */
extern bool (*term_idle)(uint64_t deadline);

/**
 * What shell_interact() says on its way through term_input(); it is left when nothing comes any
 * more.
 */
const char *term_interact(struct shell *sh);
/** Run a line and return what it printed. */
const char *term_run(struct shell *sh, const char *line);

/** What the thread that was started last was given; it has run as far as there was input. */
extern void *term_thread_arg;

/** The clock, ns. */
extern uint64_t term_now;
/** Does panic_active() say so? */
extern bool term_panics;
