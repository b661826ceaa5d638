/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `guest stats` and `vcpu stats` share, and guest.c's subcommand that has a file of its own.
 */
#pragma once

struct shell;

/**
 * Print how often guests came to the hypervisor, by kind. Thread context.
 *
 * @param argv  name of a guest or vCPU (absent: all guests), time to measure for (absent: since it
 *              was started)
 * @return as struct command_sub's run
 */
int stats_run(struct shell *sh, int argc, char **argv);
/** guest balloon. Thread context. @param argv  name of a guest, size (absent: show it) */
int balloon_run(struct shell *sh, int argc, char **argv);
