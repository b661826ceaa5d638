/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program for a Linux guest: "linux_queues N" sets how many pairs of queues eth0 uses, as
 * "ethtool -L" does, and prints "pairs: N of M" as the kernel has it then. "linux_queues ring" does
 * as "ethtool -G": the queues get half of their size, which is printed. System calls are made by
 * hand: no C library is needed.
 */
#include <stdint.h>

#define SYS_IOCTL  29
#define SYS_WRITE  64
#define SYS_EXIT   93
#define SYS_SOCKET 198
#define AF_INET	   2
#define SOCK_DGRAM 2

/* linux/sockios.h, linux/ethtool.h */
#define SIOCETHTOOL	  0x8946
#define ETHTOOL_GRINGPARAM 0x10
#define ETHTOOL_SRINGPARAM 0x11
#define ETHTOOL_GCHANNELS 0x3c
#define ETHTOOL_SCHANNELS 0x3d

struct channels {
	uint32_t cmd, max_rx, max_tx, max_other, max_combined, rx, tx, other, combined;
};

struct rings {
	uint32_t cmd, max_rx, max_mini, max_jumbo, max_tx, rx, mini, jumbo, tx;
};

struct request {
	char name[16];
	void *data;
	char rest[16];
};

static long call(long number, long a, long b, long c)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
	return x0;
}

static void say(const char *text)
{
	long n = 0;

	while (text[n])
		n++;
	call(SYS_WRITE, 1, (long)text, n);
}

static void say_number(uint32_t n)
{
	char text[2] = { (char)('0' + n % 10), 0 };

	if (n > 9)
		say_number(n / 10);
	say(text);
}

static void end(long status)
{
	call(SYS_EXIT, status, 0, 0);
	__builtin_unreachable();
}

static void ethtool(long fd, uint32_t *data, uint32_t cmd)
{
	struct request r = { .name = "eth0", .data = data };

	*data = cmd;
	if (call(SYS_IOCTL, fd, SIOCETHTOOL, (long)&r) < 0) {
		say("queues: the kernel refuses\n");
		end(1);
	}
}

static void halve_rings(long fd)
{
	struct rings r = { 0 };

	ethtool(fd, &r.cmd, ETHTOOL_GRINGPARAM);
	r.rx /= 2;
	r.tx /= 2;
	ethtool(fd, &r.cmd, ETHTOOL_SRINGPARAM);
	ethtool(fd, &r.cmd, ETHTOOL_GRINGPARAM);
	say("rings: ");
	say_number(r.rx);
	say(" and ");
	say_number(r.tx);
	say("\n");
	end(0);
}

/* The kernel starts a program with the number of arguments and their addresses on the stack. */
__attribute__((used)) static void run(long *stack)
{
	const char *wanted = stack[0] > 1 ? (const char *)stack[2] : "1";
	long fd = call(SYS_SOCKET, AF_INET, SOCK_DGRAM, 0);
	struct channels c = { 0 };

	if (wanted[0] == 'r')
		halve_rings(fd);
	ethtool(fd, &c.cmd, ETHTOOL_GCHANNELS);
	c.combined = (uint32_t)(wanted[0] - '0');
	ethtool(fd, &c.cmd, ETHTOOL_SCHANNELS);
	ethtool(fd, &c.cmd, ETHTOOL_GCHANNELS);
	say("pairs: ");
	say_number(c.combined);
	say(" of ");
	say_number(c.max_combined);
	say("\n");
	end(0);
}

__asm__(".globl _start\n_start:\n\tmov x0, sp\n\tb run\n");
