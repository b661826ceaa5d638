/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Error numbers in words.
 */
#include <libs/errno.h>

#include <libs/limits.h>
#include <libs/util.h>

static const struct {
	int err;
	const char *text;
} texts[] = {
	{ 0, "no error" },
	{ EPERM, "not permitted" },
	{ ENOENT, "not found" },
	{ EINTR, "interrupted" },
	{ EIO, "input/output error" },
	{ ENXIO, "no such device or address" },
	{ E2BIG, "too many or too long arguments" },
	{ ENOEXEC, "not an executable image of a known format" },
	{ EBADF, "not open" },
	{ EAGAIN, "not possible now, try again" },
	{ ENOMEM, "not enough memory" },
	{ EACCES, "access denied" },
	{ EFAULT, "bad address" },
	{ EBUSY, "in use" },
	{ EEXIST, "exists already" },
	{ EXDEV, "on different file systems" },
	{ ENODEV, "no such device" },
	{ ENOTDIR, "not a directory" },
	{ EISDIR, "is a directory" },
	{ EINVAL, "not a valid value" },
	{ ENFILE, "too many open files" },
	{ EMFILE, "too many open files" },
	{ ENOTTY, "not supported by this device" },
	{ EFBIG, "too big" },
	{ ENOSPC, "no space left" },
	{ ESPIPE, "cannot seek" },
	{ EROFS, "read-only" },
	{ EMLINK, "too many links" },
	{ EPIPE, "the other side is closed" },
	{ EDOM, "outside the domain" },
	{ ERANGE, "out of range" },
	{ EDEADLK, "would wait for itself" },
	{ ENAMETOOLONG, "name too long" },
	{ ENOSYS, "not implemented" },
	{ ENOTEMPTY, "not empty" },
	{ ELOOP, "too many symbolic links" },
	{ ENODATA, "ends too early" },
	{ EPROTO, "protocol violated" },
	{ EBADMSG, "checksum does not match" },
	{ EOVERFLOW, "value too large" },
	{ EILSEQ, "damaged or malformed data" },
	{ ENOTSUP, "not supported" },
	{ EADDRINUSE, "something else has this port" },
	{ ENETUNREACH, "no way to that network" },
	{ ETIMEDOUT, "timed out" },
	{ EHOSTUNREACH, "nobody answers there" },
	{ EALREADY, "under way already" },
	{ EINPROGRESS, "in progress" },
	{ EUCLEAN, "file system damaged" },
	{ ECANCELED, "cancelled" },
	{ EPROBE_DEFER, "waits for another device" },
};

const char *error_text(int err)
{
	size_t i;

	if (err < 0)
		err = err == INT_MIN ? INT_MAX : -err;
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		if (texts[i].err == err)
			return texts[i].text;
	}
	return "unknown error";
}
