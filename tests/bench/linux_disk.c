/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program for a Linux guest: reads random places of /dev/vda ("ram") and /dev/vdb ("file") past
 * the page cache, and says on the console when. Between the marks "#ram4k:begin", "#ram4k:some" and
 * "#ram4k:end" lie few and many reads; what a mark costs is in both. System calls are made by hand:
 * no C library is needed.
 */
#include <stdint.h>

#define SYS_OPENAT  56
#define SYS_WRITE   64
#define SYS_PREAD64 67
#define SYS_EXIT    93
#define AT_FDCWD    -100
#define O_RDONLY    0
#define O_DIRECT    0200000 /* arm64 */

#define DISK_BYTES (8u << 20)
#define FEW	   100
#define MANY	   1100
#define LARGEST	   65536

static uint8_t buffer[LARGEST] __attribute__((aligned(4096)));
static uint32_t state = 12345;

static long call(long number, long a, long b, long c, long d)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
}

static void say(const char *text)
{
	long n = 0;

	while (text[n])
		n++;
	call(SYS_WRITE, 1, (long)text, n, 0);
}

static void end(const char *text)
{
	say(text);
	call(SYS_EXIT, 1, 0, 0, 0);
}

static void reads(long fd, uint32_t size, unsigned n)
{
	while (n--) {
		state = state * 1664525u + 1013904223u;
		if (call(SYS_PREAD64, fd, (long)buffer, size,
			 (long)((state >> 8) % (DISK_BYTES / size) * size)) != (long)size)
			end("linux_disk: a read failed\n");
	}
}

static void mark(const char *name, const char *size, const char *what)
{
	say("#");
	say(name);
	say(size);
	say(what);
}

static void measure(long fd, uint32_t size, const char *name, const char *text)
{
	/* Whatever is only made once. */
	reads(fd, size, FEW);
	mark(name, text, ":begin\n");
	reads(fd, size, FEW);
	mark(name, text, ":some\n");
	reads(fd, size, MANY);
	mark(name, text, ":end\n");
}

static void measure_disk(const char *path, const char *name)
{
	long fd = call(SYS_OPENAT, AT_FDCWD, (long)path, O_RDONLY | O_DIRECT, 0);

	if (fd < 0)
		end("linux_disk: a disk cannot be opened\n");
	measure(fd, 4096, name, "4k");
	measure(fd, 65536, name, "64k");
}

void _start(void)
{
	/* Where its pages are in memory is then the kernel's first choice. */
	for (unsigned at = 0; at < LARGEST; at += 4096)
		*(volatile uint8_t *)&buffer[at] = 1;
	measure_disk("/dev/vda", "ram");
	measure_disk("/dev/vdb", "file");
	end("linux_disk: done\n");
}
