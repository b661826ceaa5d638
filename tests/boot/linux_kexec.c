/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program for a Linux guest: starts the kernel /tmp/kernel in the place of the running one, as
 * kexec does, with the same device tree, and with /tmp/initrd where that tree says the RAM disk
 * is; or prints "kexec: error N". System calls are made by hand: no C library is needed.
 */
#include <stdint.h>

#define SYS_OPENAT     56
#define SYS_LSEEK      62
#define SYS_READ       63
#define SYS_WRITE      64
#define SYS_EXIT       93
#define SYS_KEXEC_LOAD 104
#define SYS_REBOOT     142
#define SYS_MMAP       222
#define AT_FDCWD       (-100)
#define SEEK_END       2
#define PROT_READ      1
#define MAP_PRIVATE    2

/* linux/kexec.h, linux/reboot.h */
#define KEXEC_ARCH_AARCH64 (183L << 16)
#define REBOOT_MAGIC1	   0xfee1dead
#define REBOOT_MAGIC2	   672274793
#define REBOOT_KEXEC	   0x45584543

#define PAGE	    4096UL
#define PAGE_UP(n)  (((n) + PAGE - 1) & ~(PAGE - 1))
#define RAM	    0x40000000UL
#define IMAGE_SIZE  2 /* words of the Image's header */
#define MOST_OF_FDT (64 << 10)

struct segment {
	const void *from;
	unsigned long length, to, space;
};

static long call(long number, long a, long b, long c, long d)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = 0;
	register long x5 __asm__("x5") = 0;

	if (number == SYS_MMAP) { /* d is the file */
		x4 = d;
		x3 = MAP_PRIVATE;
	}
	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}

static long checked(long result)
{
	char text[] = "kexec: error 0000\n";

	if (result >= 0 || result < -4095)
		return result;
	for (int i = 16; i > 12; i--, result /= 10)
		text[i] = (char)('0' - result % 10);
	call(SYS_WRITE, 1, (long)text, sizeof(text) - 1, 0);
	call(SYS_EXIT, 1, 0, 0, 0);
	return 0;
}

static long read_file(const char *path, void *into, unsigned long most)
{
	long fd = checked(call(SYS_OPENAT, AT_FDCWD, (long)path, 0, 0));

	return checked(call(SYS_READ, fd, (long)into, (long)most, 0));
}

static struct segment of_file(const char *path, unsigned long to)
{
	long fd = checked(call(SYS_OPENAT, AT_FDCWD, (long)path, 0, 0));
	long length = checked(call(SYS_LSEEK, fd, 0, SEEK_END, 0));
	long at = checked(call(SYS_MMAP, 0, length, PROT_READ, fd));

	return (struct segment){ (const void *)at, (unsigned long)length, to,
				 PAGE_UP((unsigned long)length) };
}

/* The device tree has addresses in big-endian order. */
static unsigned long tree_address(const char *path)
{
	uint64_t v;

	return read_file(path, &v, sizeof(v)) == 4 ? __builtin_bswap32((uint32_t)v) :
						     __builtin_bswap64(v);
}

void _start(void)
{
	/* ldr x0, the address of the tree; ldr x4, that of the kernel; br x4 */
	static uint64_t code[4] = { 0x580000a458000080, 0xd503201fd61f0080 };
	static uint8_t tree[MOST_OF_FDT];
	struct segment to[4];

	to[0] = of_file("/tmp/kernel", RAM);
	to[0].space = PAGE_UP(((const uint64_t *)to[0].from)[IMAGE_SIZE]);
	to[1] = of_file("/tmp/initrd",
			tree_address("/proc/device-tree/chosen/linux,initrd-start"));
	to[2].from = tree;
	to[2].length = (unsigned long)read_file("/sys/firmware/fdt", tree, sizeof(tree));
	to[2].to = (to[0].to + to[0].space > to[1].to + to[1].space ? to[0].to + to[0].space :
								       to[1].to + to[1].space);
	to[2].to = (to[2].to + (2UL << 20)) & ~((2UL << 20) - 1);
	to[2].space = PAGE_UP(to[2].length);
	code[2] = to[2].to;
	code[3] = RAM;
	to[3] = (struct segment){ code, sizeof(code), to[2].to + (2UL << 20), PAGE };
	checked(call(SYS_KEXEC_LOAD, (long)to[3].to, 4, (long)to, KEXEC_ARCH_AARCH64));
	checked(call(SYS_REBOOT, REBOOT_MAGIC1, REBOOT_MAGIC2, REBOOT_KEXEC, 0));
}
