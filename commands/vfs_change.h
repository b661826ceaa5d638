/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Subcommands of "vfs" that change files, or read all of one.
 */
#pragma once

#include <core/shell.h>

/** The text of an error on a path, as a sentence. @return err */
int vfs_fail(struct shell *sh, int err, const char *path);

int run_vfs_cp(struct shell *sh, int argc, char **argv);
int run_vfs_mv(struct shell *sh, int argc, char **argv);
int run_vfs_rm(struct shell *sh, int argc, char **argv);
int run_vfs_mkdir(struct shell *sh, int argc, char **argv);
int run_vfs_rmdir(struct shell *sh, int argc, char **argv);
int run_vfs_truncate(struct shell *sh, int argc, char **argv);
int run_vfs_sync(struct shell *sh, int argc, char **argv);
int run_vfs_sha256(struct shell *sh, int argc, char **argv);
