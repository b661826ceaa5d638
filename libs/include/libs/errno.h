/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Error numbers: positive here, returned negated (`return -EINVAL`). The values are those of
 * Linux, so that a number in a log means the same on both sides.
 */
#pragma once

#if __STDC_HOSTED__
#include <errno.h>
#else
#define EPERM		1
#define ENOENT		2
#define EINTR		4
#define EIO		5
#define ENXIO		6
#define E2BIG		7
#define ENOEXEC		8
#define EBADF		9
#define EAGAIN		11
#define ENOMEM		12
#define EACCES		13
#define EFAULT		14
#define EBUSY		16
#define EEXIST		17
#define EXDEV		18
#define ENODEV		19
#define ENOTDIR		20
#define EISDIR		21
#define EINVAL		22
#define ENFILE		23
#define EMFILE		24
#define ENOTTY		25
#define EFBIG		27
#define ENOSPC		28
#define ESPIPE		29
#define EROFS		30
#define EMLINK		31
#define EPIPE		32
#define EDOM		33
#define ERANGE		34
#define EDEADLK		35
#define ENAMETOOLONG	36
#define ENOSYS		38
#define ENOTEMPTY	39
#define ELOOP		40
#define ENODATA		61
#define EPROTO		71
#define EBADMSG		74
#define EOVERFLOW	75
#define EILSEQ		84
#define ENOTSUP		95
#define EADDRINUSE	98
#define ENETUNREACH	101
#define ETIMEDOUT	110
#define EHOSTUNREACH	113
#define EALREADY	114
#define EINPROGRESS	115
#define EUCLEAN		117
#define ECANCELED	125
#endif

/** A driver's probe needs something that is not there yet: ask again later. */
#define EPROBE_DEFER	517

/**
 * Says in plain words what an error number means. Any context.
 *
 * @param err  an error number, negated or not; 0 is "no error"
 * @return a constant string without capital letter and full stop, never NULL
 */
const char *error_text(int err);
