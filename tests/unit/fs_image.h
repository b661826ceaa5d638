/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * File systems as files, for tests that write to them: made by the programs of the build machine,
 * changed here, checked by those programs. The device is "disk0", mounted at "/".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** How programs check and mend what there is on an image, whose path goes behind. */
struct fs_checker {
	const char *check;  /* ends with 0 when there is no word to say against it */
	const char *mend;   /* without questions; ends with 0 or 1 */
	const char *answer; /* all questions with yes */
};

extern uint8_t *fs_image;
extern size_t fs_image_size;

/** Read an image of UNIT_DATA; it is the device then. */
void fs_load(const char *name);
void fs_unload(void);
void fs_mount(void);
void fs_unmount(void);
/** Check the image as it is. */
void fs_check(const struct fs_checker *checker);
/** Let a program change the image. @return its exit code */
int fs_run(const char *command);
/** A file with contents, made or overwritten. */
void fs_write_file(const char *path, uint64_t off, const void *data, size_t n);

/** Random changes on an image against the model, mounted anew and checked in between. */
void fs_random_changes(const char *name, const struct fs_checker *checker);
/** So many that it becomes full. */
void fs_fill_up(const char *name, const struct fs_checker *checker, uint32_t largest);
/** The devices of fs_stop_at_writes() forget part of what was not flushed when they are stopped. */
void fs_forgets(bool on);
/**
 * Stop at every n-th write. Everything that was synced is there after mending, and without it.
 * @param mend  fs_checker.mend or .answer
 */
void fs_stop_at_writes(const char *name, const struct fs_checker *checker, unsigned every,
		       const char *mend);
