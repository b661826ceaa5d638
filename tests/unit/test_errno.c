/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libs/errno.c: every number has words, and the right ones.
 */
#include <limits.h>
#include <string.h>

#include <libs/errno.h>

#include "unit.h"

TEST(words_of_numbers)
{
	CHECK_STR(error_text(0), "no error");
	CHECK_STR(error_text(-ENOENT), "not found");
	CHECK_STR(error_text(ENOENT), "not found");
	CHECK_STR(error_text(-EPROBE_DEFER), "waits for another device");
	CHECK_STR(error_text(-ENOTSUP), "not supported");
	CHECK_STR(error_text(9999), "unknown error");
	CHECK_STR(error_text(INT_MIN), "unknown error");
}

TEST(every_declared_number_has_words)
{
	static const int numbers[] = {
		EPERM, ENOENT, EINTR, EIO, ENXIO, E2BIG, ENOEXEC, EBADF, EAGAIN, ENOMEM, EACCES,
		EFAULT, EBUSY, EEXIST, EXDEV, ENODEV, ENOTDIR, EISDIR, EINVAL, ENFILE, EMFILE,
		ENOTTY, EFBIG, ENOSPC, ESPIPE, EROFS, EMLINK, EPIPE, EDOM, ERANGE, EDEADLK,
		ENAMETOOLONG, ENOSYS, ENOTEMPTY, ELOOP, ENODATA, EPROTO, EBADMSG, EOVERFLOW, EILSEQ,
		ENOTSUP, ETIMEDOUT, EALREADY, EINPROGRESS, EUCLEAN, ECANCELED, EPROBE_DEFER,
	};
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		CHECK(strcmp(error_text(-numbers[i]), "unknown error") != 0);
}
