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

/** Those that change files, as rows of the command's table. */
#if IS_ENABLED(CONFIG_VFS_WRITE)
#define VFS_CHANGE_SUBS                                                                            \
	{ "cp", "copy a file", ARGS(ARG(FILE, "from"), ARG(FILE, "to")), run_vfs_cp },             \
	{ "mv", "move or rename", ARGS(ARG(FILE, "from"), ARG(FILE, "to")), run_vfs_mv },          \
	{ "rm", "remove files", ARGS(ARG_MANY(FILE, "path")), run_vfs_rm },                        \
	{ "mkdir", "make folders", ARGS(ARG_MANY(FILE, "path")), run_vfs_mkdir },                  \
	{ "rmdir", "remove empty folders", ARGS(ARG_MANY(DIR, "path")), run_vfs_rmdir },           \
	{ "truncate", "make a file so long, by zeros, or so short",                                \
	  ARGS(ARG(FILE, "path"), ARG(SIZE, "bytes")), run_vfs_truncate },                         \
	{ "sync", "write all that waits to be written", NULL, run_vfs_sync },
#else
#define VFS_CHANGE_SUBS
#endif
