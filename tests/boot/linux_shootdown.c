/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program for a Linux guest on a PC: four threads, each bound to a CPU if it may be, change the
 * address space that they share without end, so that each change is an interrupt to the other CPUs.
 * Says "alive-N" when all of them have come further since the last time, and "STALE" when a CPU
 * reads a page that is no longer there. System calls are made by hand: no C library is needed.
 */
#include <stdint.h>

#define SYS_WRITE	1
#define SYS_MMAP	9
#define SYS_MPROTECT	10
#define SYS_MUNMAP	11
#define SYS_NANOSLEEP	35
#define SYS_FORK	57
#define SYS_WAIT4	61
#define SYS_AFFINITY	203
#define SYS_EXIT_GROUP	231
#define SYS_MEMBARRIER	324

#define PROT_READ     1
#define PROT_WRITE    2
#define MAP_PRIVATE   0x02
#define MAP_FIXED     0x10
#define MAP_ANONYMOUS 0x20
#define MAP_POPULATE  0x8000
#define MAP_NEW	      (MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE)
/* CLONE_VM, _FS, _FILES, _SIGHAND, _THREAD, _SYSVSEM */
#define CLONE_THREAD  0x50f00
/* MEMBARRIER_CMD_PRIVATE_EXPEDITED, and to register for it */
#define BARRIER	      8
#define BARRIER_WANT  16

#define THREADS 4
#define STACK	65536
#define PAGE	4096
#define PIECE	(16 * PAGE)
#define TURNS	20

static uint8_t stacks[THREADS][STACK] __attribute__((aligned(16)));
static volatile uint64_t rounds[THREADS];
/* One page, put there anew all the time, and the number that the present one has at least. */
static volatile uint64_t *page;
static volatile uint64_t newest;

static long call(long number, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = -1;
	register long r9 __asm__("r9") = 0;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static void say(const char *text)
{
	long n = 0;

	while (text[n])
		n++;
	call(SYS_WRITE, 1, (long)text, n, 0);
}

static void say_number(uint64_t n)
{
	char text[24], *at = text + sizeof(text);

	*--at = 0;
	do {
		*--at = (char)('0' + n % 10);
	} while (n /= 10);
	say(at);
}

static void rest(long ns)
{
	const long time[2] = { ns / 1000000000, ns % 1000000000 };

	call(SYS_NANOSLEEP, (long)time, 0, 0, 0);
}

static void fail(const char *what)
{
	say(what);
	call(SYS_EXIT_GROUP, 1, 0, 0, 0);
	__builtin_unreachable();
}

/* Memory of its own comes, is written, is read only, goes. */
static void change(void)
{
	long at = call(SYS_MMAP, 0, PIECE, PROT_READ | PROT_WRITE, MAP_NEW);

	if (at < 0)
		fail("no memory\n");
	for (long n = 0; n < PIECE; n += PAGE)
		*(volatile long *)(at + n) = n;
	call(SYS_MPROTECT, at, PIECE, PROT_READ, 0);
	for (long n = 0; n < PIECE; n += PAGE)
		if (*(volatile long *)(at + n) != n)
			fail("STALE: other memory\n");
	call(SYS_MUNMAP, at, PIECE, 0, 0);
}

/* The first thread puts the page there anew, with a higher number; others never see an older one */
static void shared(long self)
{
	uint64_t before = newest, seen;

	if (self) {
		seen = *page;
		if (seen && seen < before)
			fail("STALE: a page that is gone\n");
		return;
	}
	if (call(SYS_MMAP, (long)page, PAGE, PROT_READ | PROT_WRITE, MAP_NEW | MAP_FIXED) < 0)
		fail("no page\n");
	*page = before + 1;
	newest = before + 1;
}

static void child(void)
{
	long pid = call(SYS_FORK, 0, 0, 0, 0);

	if (!pid)
		call(SYS_EXIT_GROUP, 0, 0, 0, 0);
	if (pid > 0)
		call(SYS_WAIT4, pid, 0, 0, 0);
}

__attribute__((used)) static void work(long self)
{
	const uint64_t cpu = 1u << self;

	call(SYS_AFFINITY, 0, sizeof(cpu), (long)&cpu, 0);
	for (;;) {
		for (unsigned n = 0; n < TURNS; n++) {
			change();
			for (unsigned i = 0; i < 50; i++)
				shared(self);
			call(SYS_MEMBARRIER, BARRIER, 0, 0, 0);
		}
		rounds[self]++;
		rest(50000);
		if (self == 1)
			child();
	}
}

static void begin(long self)
{
	long *stack = (long *)(stacks[self] + STACK) - 3, result;
	register long r10 __asm__("r10") = 0;

	stack[0] = self;
	__asm__ volatile("syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\tpop %%rdi\n\tcall work\n1:"
			 : "=a"(result)
			 : "a"(56L), "D"(CLONE_THREAD), "S"(stack), "d"(0L), "r"(r10)
			 : "rcx", "r11", "r8", "r9", "memory");
	if (result < 0)
		fail("no thread\n");
}

__attribute__((force_align_arg_pointer)) void _start(void)
{
	uint64_t last[THREADS] = { 0 };

	page = (volatile uint64_t *)call(SYS_MMAP, 0, PAGE, PROT_READ | PROT_WRITE, MAP_NEW);
	call(SYS_MEMBARRIER, BARRIER_WANT, 0, 0, 0);
	for (long n = 0; n < THREADS; n++)
		begin(n);
	for (uint64_t alive = 1;; alive++) {
		for (unsigned n = 0; n < THREADS; n++) {
			while (rounds[n] == last[n])
				rest(10000000);
			last[n] = rounds[n];
		}
		rest(200000000);
		say("alive-");
		say_number(alive);
		say("\n");
	}
}
