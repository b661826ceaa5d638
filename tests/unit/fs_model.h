/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a file system ought to have in it: files and folders that are made, changed and removed in
 * memory and by the VFS alike, and compared.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Forget all. */
void model_clear(void);
/** Names may go from folder to folder, and files in the place of others (so at first). */
void model_moves(bool on);
/**
 * One random step below /m: a file made, written, cut, removed, a folder made or removed, a name
 * changed. It must succeed, or fail with -ENOSPC.
 * @param largest  bytes that a file may have
 */
void model_step(uint32_t largest);
/** Everything is there, with its contents, and nothing else is. */
void model_check(void);
/** What is there now is what was synced; model_check_synced() compares with that after a stop. */
void model_synced(void);
/**
 * Everything that was synced and not touched since is there, with its contents.
 * @return how many files that were
 */
unsigned model_check_synced(void);
