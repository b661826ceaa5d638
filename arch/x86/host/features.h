/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the CPUs have, read once from CPUID by the boot CPU; and what the files of the port have of
 * each other.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <arch/types.h>
#include <libs/util.h>

struct x86_cpu;

struct x86_features {
	char vendor[13];
	uint32_t signature;	/* CPUID 1, EAX */
	bool svm;		/* with nested paging */
	bool svm_locked;	/* firmware has switched it off */
	bool nrip, decode, flush_asid, pause_filter; /* of SVM */
	unsigned asids;
	bool page1gb, x2apic, deadline, tsc_invariant, xsave, rdtscp;
	bool tcg;		/* QEMU, by translation */
	unsigned pa_bits;
};
extern struct x86_features x86_features;

/** Read them. Boot CPU, first of all. */
void features_init(void);
/** Geometry of page tables from them. */
void paging_init(void);

/** This CPU's descriptors, task state and interrupt table. IRQs masked. */
void descriptors_init(struct x86_cpu *cpu, void *ist_stacks);
#define IST_STACKS     3	/* NMI, double fault, machine check */
#define IST_STACK_SIZE 4096

/** Measure the counter. Boot CPU, before anybody asks what time it is. */
void tsc_init(void);
/** By how much @p what goes on in so many milliseconds: for timers of unknown rate. */
uint64_t tsc_measure(uint64_t (*what)(void), unsigned milliseconds);
/** Busy wait. */
void tsc_delay_us(unsigned us);

/** This CPU's local APIC. */
void apic_init_cpu(void);
/** LAPIC timer: measure it. Boot CPU. */
void apic_timer_init(void);
/** Arm it: count at its own rate, or in deadline mode the counter's value. */
void apic_timer_set(uint64_t v);
/** The same, not in deadline mode. */
void apic_timer_count(uint32_t v);
void apic_timer_stop(void);
bool apic_timer_deadline(void);
uint64_t apic_timer_freq(void);
/** INIT, and start-up at a page below 1 MiB. */
void apic_send_init(uint32_t apic_id);
void apic_send_startup(uint32_t apic_id, uint8_t page);
/** A non-maskable interrupt. */
void apic_send_nmi(uint32_t apic_id);
uint32_t apic_own_id(void);

/** Machine checks of this CPU are on; those from before the start are told. */
void mcheck_init_cpu(void);
/**
 * A machine check has come, in a guest or not. Ends the machine if it has to.
 * @return false: the guest cannot go on
 */
bool mcheck_taken(bool in_guest);
/** An NMI of nobody's has come. @return false: this CPU hangs, it has not even told of the last */
bool nmi_taken(uint64_t pc);

/** The HLT of arch_cpu_idle() (cpu.c). */
extern const uint8_t idle_hlt[];

/** A non-maskable interrupt has come: is it a flush? (tlb.c) @return true: yes, done */
bool tlb_nmi(void);

/** What the tree says that the port needs of ACPI (tree.c fills it at boot). */
struct x86_platform {
	uint16_t pm_timer;	/* I/O port; 0: none */
	uint16_t pm1a_control, pm1b_control;
	uint16_t s5a, s5b;	/* SLP_TYP values; UINT16_MAX: not known */
	uint8_t reset_space;	/* 0 memory, 1 port, 2 PCI; 0xff none */
	uint8_t reset_value;
	uint64_t reset_address;
	uint64_t hpet;		/* registers; 0: none */
	hpa_t ap_page;		/* for other CPUs to start in; 0: none */
};
extern struct x86_platform x86_platform;

/**
 * Others of these CPUs (a bit each) have left the guests that they were in, and look at everything
 * anew. The caller stays on its CPU.
 */
void tlb_leave_guests(uint64_t cpus);
