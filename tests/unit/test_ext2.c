/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ext2 written to: random changes against a model on file systems of mke2fs, which e2fsck has no
 * word against afterwards; stopped at any write, everything that was synced is there after a check,
 * and without one too.
 */
#include "unit.h"

#include "fs_image.h"
#include "fs_model.h"

static const struct fs_checker checker = { "e2fsck -fn", "e2fsck -p", "e2fsck -fy" };

TEST(random_changes)
{
	static const char *const images[] = {
		"empty-1k.ext2",     "empty-2k.ext2",	    "empty-4k.ext2",	"empty-rev0.ext2",
		"empty-notype.ext2", "empty-inode256.ext2", "empty-index.ext2", "empty-ext3.ext2",
	};

	for (unsigned i = 0; i < sizeof(images) / sizeof(*images); i++)
		fs_random_changes(images[i], &checker);
}

TEST(filled_up)
{
	fs_fill_up("empty-1k.ext2", &checker, 1500000);
}

/* Mended by the automatic repair, which asks nobody. */
TEST(stopped_at_any_write)
{
	model_moves(false);
	fs_stop_at_writes("empty-1k.ext2", &checker, 3, checker.mend);
	model_moves(true);
}

/* About a folder with two names, or a file that another took the name of, e2fsck asks. */
TEST(stopped_while_moving)
{
	fs_stop_at_writes("empty-1k.ext2", &checker, 11, checker.answer);
}

/* The same with a disk that forgets what was not flushed, or part of it. */
TEST(power_cut_at_any_write)
{
	fs_forgets(true);
	model_moves(false);
	fs_stop_at_writes("empty-1k.ext2", &checker, 5, checker.mend);
	model_moves(true);
	fs_stop_at_writes("empty-1k.ext2", &checker, 11, checker.answer);
	fs_forgets(false);
}
