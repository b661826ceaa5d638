/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Measures what operations cost a guest, in ticks of its counter. On QEMU with -icount shift=0 and
 * a counter of 1 GHz a tick is one instruction, the hypervisor's included. Prints "BENCH name value
 * max value" and in the end "BENCH done". With "shared" on the command line only what depends on
 * another vCPU of the same CPU is measured.
 */
#include "gic.h"

#define SAMPLES	   200
#define TIMER_AHEAD 20000
#define SPI_FIRST  64 /* a bank of interrupts that no device has */
#define BLOCK	   5000000

extern char bench_vectors[];
/* bench_asm.S: each @return what its comment says, the counter read twice in a row is its zero. */
uint64_t time_nothing(void);
uint64_t time_hvc(uint64_t fn);
uint64_t time_read32(uintptr_t addr);
uint64_t time_write32(uintptr_t addr, uint64_t value);
uint64_t time_id_register(void);
uint64_t time_sgi1r(uint64_t value);
uint64_t time_sgi1r_taken(uint64_t value);
uint64_t time_write32_taken(uintptr_t addr, uint64_t value);
uint64_t time_block(uint64_t rounds);
uint64_t spin_until_irq(void);
uint64_t wfi_until_irq(void);

struct result {
	uint64_t sum, max;
	unsigned n;
};

static uint64_t zero; /* what measuring itself costs */

static void add_raw(struct result *r, uint64_t ticks)
{
	r->sum += ticks;
	r->n++;
	if (ticks > r->max)
		r->max = ticks;
}

static void add(struct result *r, uint64_t ticks)
{
	add_raw(r, ticks > zero ? ticks - zero : 0);
}

static void report(const char *name, const struct result *r)
{
	print("BENCH %s %lu max %lu\n", name, (r->sum + r->n / 2) / r->n, r->max);
}

#define MEASURE(name, samples, ...)                                                                \
	do {                                                                                       \
		struct result r_ = { 0, 0, 0 };                                                    \
		for (unsigned i_ = 0; i_ < (samples); i_++) {                                      \
			__VA_ARGS__                                                                \
		}                                                                                  \
		report(name, &r_);                                                                 \
	} while (0)

static void end_irq(void)
{
	uint32_t iar = gic_ack();

	if (gic_intid(iar) < 1020)
		gic_eoi(iar);
}

/* --- single operations -------------------------------------------------------------------- */

static void measure_calls(void)
{
	MEASURE("hvc_psci_version", SAMPLES, add(&r_, time_hvc(PSCI_VERSION)););
	MEASURE("id_register_read", SAMPLES, add(&r_, time_id_register()););
}

static void measure_registers(void)
{
	uintptr_t enable = GICD_BASE + GIC_ISENABLER + SPI_FIRST / 8;

	MEASURE("gicd_typer_read", SAMPLES, add(&r_, time_read32(GICD_BASE + GICD_TYPER)););
	MEASURE("pl011_flag_read", SAMPLES, add(&r_, time_read32(UART_BASE + 0x18)););
	/* Each write enables an interrupt that was not. */
	MEASURE("gicd_isenabler_write", SAMPLES,
		if (i_ % 32 == 0)
			write32(GICD_BASE + GIC_ICENABLER + SPI_FIRST / 8, 0xffffffff);
		add(&r_, time_write32(enable, 1U << i_ % 32)););
	write32(GICD_BASE + GIC_ICENABLER + SPI_FIRST / 8, 0xffffffff);
}

/* Interrupts masked: the one that is sent waits, and is taken off outside of what is measured. */
static void measure_sgi(void)
{
	uint64_t sgi1r = 3ULL << 24 | BIT(cpus[0].mpidr & 0xf);
	uintptr_t sgir = GICD_BASE + GICD_SGIR;
	uint32_t to_self = 1U << 16 | 3;

	if (gic_version == 3) {
		MEASURE("icc_sgi1r_masked", SAMPLES, add(&r_, time_sgi1r(sgi1r)); end_irq(););
		MEASURE("self_sgi", SAMPLES, add(&r_, time_sgi1r_taken(sgi1r)); end_irq(););
	} else {
		MEASURE("gicd_sgir_masked", SAMPLES, add(&r_, time_write32(sgir, to_self));
			end_irq(););
		MEASURE("self_sgi", SAMPLES, add(&r_, time_write32_taken(sgir, to_self));
			end_irq(););
	}
}

/* --- time --------------------------------------------------------------------------------- */

/* Between the moment that the timer was set to and the first instruction of the handler. */
static void sample_timer(struct result *r, uint64_t (*wait)(void))
{
	uint64_t cval = counter() + TIMER_AHEAD, late;

	WRITE_SYSREG(cntv_cval_el0, cval);
	WRITE_SYSREG(cntv_ctl_el0, 1);
	isb();
	late = wait() - cval;
	WRITE_SYSREG(cntv_ctl_el0, 0);
	isb();
	end_irq();
	add_raw(r, late);
}

static void measure_timer(bool shared)
{
	gic_enable(IRQ_VTIMER);
	if (shared) {
		MEASURE("vtimer_wfi_shared", SAMPLES / 10, sample_timer(&r_, wfi_until_irq););
	} else {
		MEASURE("vtimer_busy", SAMPLES, sample_timer(&r_, spin_until_irq););
		MEASURE("vtimer_wfi_alone", SAMPLES, sample_timer(&r_, wfi_until_irq););
	}
	gic_disable(IRQ_VTIMER);
}

static void measure_block(void)
{
	MEASURE("block_excess", 10,
		uint64_t ticks = time_block(BLOCK / 2);
		add(&r_, ticks > BLOCK ? ticks - BLOCK : 0););
}

void guest_main(void)
{
	struct result r = { 0, 0, 0 };
	bool shared = boot_arg("shared");

	WRITE_SYSREG(vbar_el1, (uintptr_t)bench_vectors);
	isb();
	for (unsigned i = 0; i < 10; i++)
		add(&r, time_nothing());
	zero = r.sum / r.n;
	print("BENCH zero %lu max %lu\n", zero, r.max);
	if (!shared) {
		measure_calls();
		measure_registers();
		measure_sgi();
		measure_block();
	}
	measure_timer(shared);
	print("BENCH done\n");
}
