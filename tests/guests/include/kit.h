/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tiny guests are made of: output, checks, exceptions, CPUs, firmware calls. They run on
 * the guest board "virt" and, the same program, on QEMU's bare machine "virt", so that each test
 * can be held against a reference. Everything runs at EL1 with an identity map, FP not used.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sysreg.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define BIT(n)	      (1ULL << (n))
#define CPUS_MAX      8
#define IRQS_MAX      320

/* The board. */
#define GICD_BASE     0x08000000UL
#define GICC_BASE     0x08010000UL
#define GICR_BASE     0x080a0000UL
#define UART_BASE     0x09000000UL
#define RTC_BASE      0x09010000UL
#define GPIO_BASE     0x09030000UL
#define VIRTIO_BASE   0x0a000000UL
#define VIRTIO_STRIDE 0x200UL
#define VIRTIO_SLOTS  32
#define FLASH_BASE    0x00000000UL
#define FLASH_BANK    0x04000000UL
#define RAM_BASE      0x40000000UL
#define IRQ_VTIMER    27
#define IRQ_PTIMER    30
#define IRQ_UART      33
#define IRQ_RTC	      34
#define IRQ_GPIO      39
#define IRQ_VIRTIO    48

/* --- memory ------------------------------------------------------------------------------- */

#define MMIO(bits)                                                                                 \
	static inline uint##bits##_t read##bits(uintptr_t addr)                                    \
	{                                                                                          \
		return *(volatile uint##bits##_t *)addr;                                           \
	}                                                                                          \
	static inline void write##bits(uintptr_t addr, uint##bits##_t value)                       \
	{                                                                                          \
		*(volatile uint##bits##_t *)addr = value;                                          \
	}
MMIO(8)
MMIO(16)
MMIO(32)
MMIO(64)
#undef MMIO

void *memset(void *dst, int c, size_t n);
void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
const char *strstr(const char *s, const char *what);

/* --- output ------------------------------------------------------------------------------- */

/** %c %s %u %d %x %lu %lx %llx, width and zero padding. One call is one piece of output. */
void print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void vprint(const char *fmt, va_list args);
void put_char(char c);

/* --- checks ------------------------------------------------------------------------------- */

struct test {
	const char *name;
	const char *file;
	int line;
	void (*run)(void);
};

/** A test of its own; they run file by file, in the order of the file. */
#define TEST(ident)                                                                                \
	static void test_##ident(void);                                                            \
	static const struct test entry_##ident __attribute__((used, section(".tests"))) = {        \
		#ident, __FILE__, __LINE__, test_##ident                                              \
	};                                                                                         \
	static void test_##ident(void)

/** Note that the running test failed; it goes on. */
void test_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/** The running test cannot be done here, and why. */
void test_skip(const char *why);

#define FAIL(...) test_fail(__FILE__, __LINE__, __VA_ARGS__)
#define EXPECT(cond)                                                                               \
	({                                                                                         \
		bool ok_ = (cond);                                                                 \
		if (!ok_)                                                                          \
			FAIL("%s is not so", #cond);                                               \
		ok_;                                                                               \
	})
#define EXPECT_EQ(got, want)                                                                       \
	({                                                                                         \
		uint64_t got_ = (uint64_t)(got), want_ = (uint64_t)(want);                         \
		if (got_ != want_)                                                                 \
			FAIL("%s is 0x%lx, expected 0x%lx", #got, got_, want_);                    \
		got_ == want_;                                                                     \
	})

/** What a guest does when it has no TEST()s: without, all tests are run. */
void guest_main(void);
/** Run all tests, or those that "only=" of the command line names; then say how many passed. */
void tests_run(void);

/* --- exceptions --------------------------------------------------------------------------- */

struct frame {
	uint64_t x[31];
	uint64_t elr, spsr;
};

struct fault {
	uint64_t esr, far, elr;
	bool taken;
};

struct cpu {
	unsigned id;
	uint64_t mpidr;
	uintptr_t redist;	     /* GICv3: its frames */
	bool catching;		     /* a synchronous exception is expected */
	struct fault fault;	     /* the one that came */
	void (*irq)(void);	     /* what an interrupt does; irq_default() */
	void (*fiq)(void);
	volatile unsigned irqs;	     /* taken by irq_default() */
	volatile unsigned spurious;
	volatile unsigned serrors;
	volatile uint32_t last_iar;
	volatile uint32_t seen[IRQS_MAX];
	volatile bool begun, up;     /* cpu_start(): has begun; runs fn */
	void (*fn)(void *arg);
	void *arg;
};

static inline struct cpu *this_cpu(void)
{
	return (struct cpu *)READ_SYSREG(tpidr_el1);
}

/** Called by irq_default() between acknowledge and end, on the CPU that took it. */
extern void (*irq_handlers[IRQS_MAX])(unsigned irq);
void irq_default(void);
/** Take an interrupt that waits: unmask for a moment. */
void irq_window(void);

static inline void irq_enable(void)
{
	__asm__ volatile("msr daifclr, #2" : : : "memory");
}

static inline void irq_disable(void)
{
	__asm__ volatile("msr daifset, #2" : : : "memory");
}

/**
 * Sleep until interrupts made a condition true; they are masked before and after. The look at the
 * condition and WFI belong together: an interrupt between them would be slept through.
 */
#define SLEEP_UNTIL(condition)                                                                     \
	do {                                                                                       \
		while (!(condition)) {                                                             \
			wfi();                                                                     \
			irq_window();                                                              \
		}                                                                                  \
	} while (0)

/** Do something that may fault: CATCH(write32(p, 1)); @return the fault, .taken false if none */
#define CATCH(statement)                                                                           \
	({                                                                                         \
		struct cpu *cpu_ = this_cpu();                                                     \
		cpu_->fault.taken = false;                                                         \
		cpu_->catching = true;                                                             \
		barrier();                                                                         \
		statement;                                                                         \
		__asm__ volatile("isb" : : : "memory");                                            \
		cpu_->catching = false;                                                            \
		barrier();                                                                         \
		cpu_->fault;                                                                       \
	})
/** Exception class of a fault. */
#define FAULT_EC(f) ((f).esr >> 26 & 0x3f)

/* --- CPUs, firmware ----------------------------------------------------------------------- */

extern struct cpu cpus[CPUS_MAX];
extern unsigned nr_cpus;	/* that the device tree has, at most CPUS_MAX */
extern char vectors[];
extern void secondary_start(void);
extern char stacks_end[];

#define PSCI_VERSION	      0x84000000U
#define PSCI_CPU_SUSPEND      0xc4000001U
#define PSCI_CPU_OFF	      0x84000002U
#define PSCI_CPU_ON	      0xc4000003U
#define PSCI_AFFINITY_INFO    0xc4000004U
#define PSCI_MIGRATE_TYPE     0x84000006U
#define PSCI_SYSTEM_OFF	      0x84000008U
#define PSCI_SYSTEM_RESET     0x84000009U
#define PSCI_FEATURES	      0x8400000aU
#define PSCI_SYSTEM_RESET2    0xc4000012U
#define PSCI_NOT_SUPPORTED    (-1)
#define PSCI_INVALID	      (-2)
#define PSCI_DENIED	      (-3)
#define PSCI_ALREADY_ON	      (-4)
#define PSCI_ON_PENDING	      (-5)
#define PSCI_INVALID_ADDRESS  (-9)

/** A firmware call, by HVC. @return x0 */
int64_t psci(uint64_t fn, uint64_t a, uint64_t b, uint64_t c);
/** The same by SMC. */
int64_t psci_smc(uint64_t fn, uint64_t a, uint64_t b, uint64_t c);
void system_off(void) __attribute__((noreturn));
void system_reset(void) __attribute__((noreturn));

/** Start a CPU; it runs fn(arg) with its interrupt interface set up, then switches itself off. */
bool cpu_start(unsigned id, void (*fn)(void *arg), void *arg);
/** Wait until a started CPU is off again. @return false: it is not, after a second */
bool cpu_wait_off(unsigned id);

struct lock {
	uint32_t taken;
};
void lock(struct lock *l);
void unlock(struct lock *l);

/* --- time --------------------------------------------------------------------------------- */

static inline uint64_t counter(void)
{
	isb();
	return READ_SYSREG(cntvct_el0);
}

static inline uint64_t ticks_of_us(uint64_t us)
{
	return us * (READ_SYSREG(cntfrq_el0) / 1000) / 1000;
}

void delay_us(uint64_t us);
/* Microseconds: what has to happen happens within them on the busiest build machine. */
#define PATIENCE 60000000

/** Wait until cond, but not for ever. @return whether it holds */
#define WAIT(cond)                                                                                 \
	({                                                                                         \
		uint64_t end_ = counter() + ticks_of_us(PATIENCE);                                 \
		bool holds_;                                                                       \
		while (!(holds_ = (cond)) && counter() < end_)                                     \
			;                                                                          \
		holds_;                                                                            \
	})

/* --- random numbers ----------------------------------------------------------------------- */

extern uint64_t random_state;
uint64_t random64(void);

/* --- the device tree ---------------------------------------------------------------------- */

/** The blob that the boot loader gave; NULL if none. */
extern const uint8_t *fdt;
/**
 * A property of the n-th node whose name begins so ("cpu@", "chosen", "virtio_mmio@").
 * @param prop  NULL: @return not NULL when there is such a node
 * @param len   gets its length; may be NULL
 */
const void *fdt_get(const char *name, unsigned n, const char *prop, unsigned *len);
uint32_t fdt_u32(const void *cell);
/** Value of "key=" on the command line, or of the word key itself (""); NULL if absent. */
const char *boot_arg(const char *key);
uint64_t boot_arg_number(const char *key, uint64_t otherwise);
