/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fake port: what tests use to play the machine, and the functions behind the inline part of
 * the contract. A fake checks what the contract asks of its callers (interrupts masked, a vCPU
 * loaded, an aligned address ...) and ends the program with a message where that does not hold.
 *
 * Each thread of the test program plays one CPU at a time, CPU 0 unless host_cpu_select() says
 * otherwise. "Interrupt context" is a call of a handler from the fake, with interrupts masked.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libs/util.h>

struct cpu;
struct vcpu;
struct vcpu_exit;

#define HOST_CPUS	8	/**< most CPUs that a test can play */
#define HOST_GUESTS	15	/**< most guests at a time, as if VMIDs had 4 bits */

/** Ends the program: somebody broke the contract. Says what. */
noreturn_fn void host_violation(const char *fmt, ...) printf_like(1, 2);

/**
 * Back to the state at the start of the program: CPU 0, interrupts on, nothing pending, the clock
 * at 1 s, no devices, no RAM. For the begin of each test.
 */
void host_reset(void);

/* ---- CPUs and interrupts ------------------------------------------------------------ */

/** The machine has @p n CPUs (arch_smp_count()). */
void host_cpu_count_set(unsigned int n);
/** The calling thread plays this CPU from now on; IRQ state and pending interrupts are its own. */
void host_cpu_select(unsigned int id);
/** @return which CPU the calling thread plays */
unsigned int host_cpu_id(void);
/** @return whether arch_smp_kick() was called for this CPU since the last question */
bool host_cpu_kicked(unsigned int id);
/** What arch_smp_start() is to return from now on. */
void host_smp_start_result(int err);

/**
 * An interrupt comes to this CPU: fn runs in interrupt context at once, or as soon as interrupts
 * are unmasked. Up to 32 may wait.
 */
void host_interrupt(void (*fn)(void *arg), void *arg);
/** @return whether the caller is in a function that the fake called as an interrupt */
bool host_in_interrupt(void);

/** What arch_cpu_halt(), arch_machine_off() and arch_machine_reset() did. */
enum host_end { HOST_RUNS, HOST_HALTED, HOST_OFF, HOST_RESET };
/**
 * How often each was called, and what is called then: @p fn may leave by longjmp(). Without one,
 * halting ends the program and the other two return as if firmware had refused.
 */
void host_on_end(void (*fn)(enum host_end end));
unsigned int host_end_count(enum host_end end);

/** Collects what arch_early_puts() was given. @return the text since host_reset() */
const char *host_early_text(void);

/* ---- time ---------------------------------------------------------------------------- */

/** Ticks per second of the counter; 1 GHz at first. Before anybody has read it. */
void host_clock_set_freq(uint64_t hz);
/** Lets time pass: the armed event of this CPU fires at its moment, if interrupts are unmasked. */
void host_clock_advance(uint64_t ticks);
/** @return what this CPU's event is set to; UINT64_MAX: nothing */
uint64_t host_timer_armed(void);

/* ---- memory --------------------------------------------------------------------------- */

/**
 * Gives the machine RAM that is reached by host physical address through page tables as on real
 * hardware: by the direct map and by what core maps. An access to what no valid entry maps, or not
 * for that access, ends the program. Stale translations are kept until they are flushed, as a TLB
 * would. The first 1 MiB is "the image".
 *
 * @param base  first physical address, a multiple of BLOCK_SIZE and not 0
 * @param size  bytes, a multiple of BLOCK_SIZE and at least two of them
 */
void host_ram_init(uint64_t base, uint64_t size);
/** @return RAM by physical address, past all page tables; for tests only */
void *host_ram_ptr(uint64_t hpa);
/** Puts the boot loader's device tree into the last 2 MiB of RAM (arch_boot_fdt()). */
void host_boot_fdt(const void *blob, size_t size);
/** @return the number of TLB flushes of a kind since host_reset() */
unsigned int host_tlb_flushes_va(void);
unsigned int host_tlb_flushes_guest(void);

/* ---- devices ------------------------------------------------------------------------ */

/** A fake device. size is 1, 2, 4 or 8 and the access aligned to it. */
struct host_mmio {
	uint64_t (*read)(void *priv, uint64_t offset, unsigned int size);
	void (*write)(void *priv, uint64_t offset, unsigned int size, uint64_t value);
	void *priv;
};

/**
 * Puts a device at a host physical address (once host_ram_init() was called: mem_map_device()
 * makes it visible), otherwise at a plain address. Up to 32.
 */
void host_mmio_add(uint64_t base, uint64_t size, const struct host_mmio *device);

/* ---- guests ------------------------------------------------------------------------- */

/**
 * A guest's program: called for each entry with interrupts masked; tells why it exits. Reads and
 * changes vcpu->arch as instructions would.
 */
typedef void (*host_program)(struct vcpu *vcpu, struct vcpu_exit *exit);
/** The program of all vCPUs. Without one, arch_vcpu_enter() ends the program. */
void host_guest_program(host_program program);
/** What arch_vintc_caps() tells; 4 slots, GICv3 at first. */
struct vintc_caps;
void host_vintc_caps(const struct vintc_caps *caps);
/** Whether arch_vintc_hw_active() made this physical interrupt active. Below 1024. */
bool host_hw_active(uint32_t hwirq);
/** @return the vCPU that is loaded on the CPU that the caller plays, or NULL */
struct vcpu *host_loaded(void);

/* ---- behind the inline contract -------------------------------------------------------- */

void host_irq_disable(void);
void host_irq_enable(void);
unsigned long host_irq_save(void);
void host_irq_restore(unsigned long flags);
bool host_irq_disabled(void);
void host_relax(void);
struct cpu *host_this_cpu(void);
void host_set_this_cpu(struct cpu *cpu);
uint64_t host_counter(void);
uint64_t host_mmio_read(const volatile void *a, unsigned int size);
void host_mmio_write(volatile void *a, unsigned int size, uint64_t value);

/** For the files of the port: ends the program unless interrupts are masked. */
void host_check_masked(const char *function);
/** For the files of the port: an event of this CPU may have become due. */
void host_deliver(void);
/** For the files of the port: back to the first state, each its own. */
void host_reset_memory(void);
void host_reset_vcpu(void);
void host_reset_thread(void);
