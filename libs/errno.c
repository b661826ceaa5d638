/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Error numbers in words.
 */
#include <libs/errno.h>

#include <libs/limits.h>
#include <libs/string.h>
#include <libs/util.h>

/* Numbers with their texts. They become two lists without pointers. */
#define TEXTS(X)                                                                                    \
	X(0, "no error")                                                                            \
	X(EPERM, "not permitted")                                                                   \
	X(ENOENT, "not found")                                                                      \
	X(EINTR, "interrupted")                                                                     \
	X(EIO, "input/output error")                                                                \
	X(ENXIO, "no such device or address")                                                       \
	X(E2BIG, "too many or too long arguments")                                                  \
	X(ENOEXEC, "not an executable image of a known format")                                     \
	X(EBADF, "not open")                                                                        \
	X(EAGAIN, "not possible now, try again")                                                    \
	X(ENOMEM, "not enough memory")                                                              \
	X(EACCES, "access denied")                                                                  \
	X(EFAULT, "bad address")                                                                    \
	X(EBUSY, "in use")                                                                          \
	X(EEXIST, "exists already")                                                                 \
	X(EXDEV, "on different file systems")                                                       \
	X(ENODEV, "no such device")                                                                 \
	X(ENOTDIR, "not a directory")                                                               \
	X(EISDIR, "is a directory")                                                                 \
	X(EINVAL, "not a valid value")                                                              \
	X(ENFILE, "too many open files")                                                            \
	X(EMFILE, "too many open files")                                                            \
	X(ENOTTY, "not supported by this device")                                                   \
	X(EFBIG, "too big")                                                                         \
	X(ENOSPC, "no space left")                                                                  \
	X(ESPIPE, "cannot seek")                                                                    \
	X(EROFS, "read-only")                                                                       \
	X(EMLINK, "too many links")                                                                 \
	X(EPIPE, "the other side is closed")                                                        \
	X(EDOM, "outside the domain")                                                               \
	X(ERANGE, "out of range")                                                                   \
	X(EDEADLK, "would wait for itself")                                                         \
	X(ENAMETOOLONG, "name too long")                                                            \
	X(ENOSYS, "not implemented")                                                                \
	X(ENOTEMPTY, "not empty")                                                                   \
	X(ELOOP, "too many symbolic links")                                                         \
	X(ENODATA, "ends too early")                                                                \
	X(EPROTO, "protocol violated")                                                              \
	X(EBADMSG, "checksum does not match")                                                       \
	X(EOVERFLOW, "value too large")                                                             \
	X(EILSEQ, "damaged or malformed data")                                                      \
	X(ENOTSUP, "not supported")                                                                 \
	X(EADDRINUSE, "something else has this port")                                               \
	X(ENETUNREACH, "no way to that network")                                                    \
	X(ETIMEDOUT, "timed out")                                                                   \
	X(EHOSTUNREACH, "nobody answers there")                                                     \
	X(EALREADY, "under way already")                                                            \
	X(EINPROGRESS, "in progress")                                                               \
	X(EUCLEAN, "file system damaged")                                                           \
	X(ECANCELED, "cancelled")                                                                   \
	X(EPROBE_DEFER, "waits for another device")

#define NUMBER(err, text) err,
#define TEXT(err, text)	  text "\0"

static const uint16_t numbers[] = { TEXTS(NUMBER) };
static const char texts[] = TEXTS(TEXT) "unknown error";

const char *error_text(int err)
{
	const char *text = texts;

	if (err < 0)
		err = err == INT_MIN ? INT_MAX : -err;
	for (size_t i = 0; i < ARRAY_SIZE(numbers) && numbers[i] != err; i++)
		text += strlen(text) + 1;
	return text;
}
