/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Non-maskable interrupts and machine checks (APM volume 2, chapter 9): what they say, and whether
 * the machine goes on. Either may come while its CPU holds any lock, so that what does not end the
 * machine is only noted, and told by an ordinary interrupt. The notes are the CPU's own.
 */
#include <arch/cpu.h>
#include <arch/pio.h>
#include <core/cpu.h>
#include <core/log.h>
#include <core/time.h>
#include <libs/printf.h>
#include <port/apic.h>
#include <port/asm.h>
#include "features.h"

#define MCG_CAP	   0x179
#define MCG_STATUS 0x17a
#define MCG_CTL	   0x17b
#define MC_CTL(n)    (0x400u + 4 * (n))
#define MC_STATUS(n) (0x401u + 4 * (n))
#define MC_ADDR(n)   (0x402u + 4 * (n))

#define CAP_BANKS    0xffu
#define CAP_CTL	     BIT(8)
#define MCG_RESUMES  BIT(0) /* RIPV: what was interrupted can go on */
#define MC_VALID     BIT(63)
#define MC_UNCORRECTED BIT(61)
#define MC_HAS_ADDR  BIT(58)
#define MC_CORRUPT   BIT(57) /* PCC: nothing in this CPU is to be relied upon */

#define PORT_B	     0x61 /* what the board says of an NMI */
#define PORT_B_ERROR 0xc0
#define NMI_PATIENCE 1000000000u

static unsigned banks(void)
{
	return cpuid(1, 0).edx & BIT32(14) ? (unsigned)rdmsr(MCG_CAP) & CAP_BANKS : 0;
}

static void describe(const struct x86_check *c, char *buf, size_t size)
{
	int n = snprintf(buf, size, "%s error, bank %u, status 0x%llx",
			 c->status & MC_UNCORRECTED ? "uncorrected" : "corrected", c->bank,
			 (unsigned long long)c->status);

	if (c->status & MC_HAS_ADDR)
		snprintf(buf + n, size - (size_t)n, ", address 0x%llx",
			 (unsigned long long)c->addr);
}

/* The worst that this CPU's banks have; all are cleared. @return whether there is any */
static bool read_banks(struct x86_check *worst)
{
	unsigned n = banks(), i;

	*worst = (struct x86_check){ 0 };
	for (i = 0; i < n; i++) {
		struct x86_check c = { .bank = i, .status = rdmsr(MC_STATUS(i)) };

		if (!(c.status & MC_VALID))
			continue;
		if (c.status & MC_HAS_ADDR)
			c.addr = rdmsr(MC_ADDR(i));
		wrmsr(MC_STATUS(i), 0);
		if ((c.status & (MC_UNCORRECTED | MC_CORRUPT | MC_VALID)) >
		    (worst->status & (MC_UNCORRECTED | MC_CORRUPT | MC_VALID)))
			*worst = c;
	}
	return worst->status;
}

void mcheck_init_cpu(void)
{
	unsigned n = banks(), i;
	struct x86_check left;
	char text[96];

	if (!n)
		return;
	if (read_banks(&left)) {
		describe(&left, text, sizeof(text));
		log_warn("machine check before the start: %s", text);
	}
	if (rdmsr(MCG_CAP) & CAP_CTL)
		wrmsr(MCG_CTL, UINT64_MAX);
	for (i = 0; i < n; i++)
		wrmsr(MC_CTL(i), UINT64_MAX);
}

bool mcheck_taken(bool in_guest)
{
	struct x86_cpu *cpu = x86_this_cpu();
	bool resumes = rdmsr(MCG_STATUS) & MCG_RESUMES, bad;
	struct x86_check worst;
	char text[96];

	(void)read_banks(&worst);
	bad = worst.status & MC_UNCORRECTED;
	if (!resumes || worst.status & MC_CORRUPT || (bad && !in_guest)) {
		panic_begin();
		describe(&worst, text, sizeof(text));
		panic("machine check on CPU %u: %s; %s", cpu->cpu ? cpu->cpu->id : 0, text,
		      resumes && !(worst.status & MC_CORRUPT) ?
		      "it is in what the hypervisor needs" :
		      "the processor cannot go on from it");
	}
	/* Another one while this is set would shut the processor down. */
	wrmsr(MCG_STATUS, 0);
	cpu->check = worst;
	cpu->checks++;
	apic_send_self(APIC_VECTOR_TELL);
	return !bad;
}

bool nmi_taken(uint64_t pc)
{
	struct x86_cpu *cpu = x86_this_cpu();
	uint64_t now = arch_counter();

	/* The last one is not told yet: this CPU takes no interrupts. Where is it? */
	if (cpu->nmi_pc && time_from_ticks(now - cpu->nmi_ticks) > NMI_PATIENCE)
		return false;
	if (!cpu->nmi_pc) {
		cpu->nmi_ticks = now;
		cpu->nmi_port = pio_read8(PORT_B);
		cpu->nmi_pc = pc;
	}
	apic_send_self(APIC_VECTOR_TELL);
	return true;
}

void mcheck_tell(void)
{
	struct x86_cpu *cpu = x86_this_cpu();
	char text[96];

	if (cpu->nmi_pc) {
		log_warn("NMI on CPU %u at 0x%llx: %s; the machine goes on", cpu->cpu->id,
			 (unsigned long long)cpu->nmi_pc,
			 cpu->nmi_port & PORT_B_ERROR ? "memory or bus report an error" :
			 "a button was pressed, or a device reports an error");
		cpu->nmi_pc = 0;
	}
	if (cpu->checks) {
		describe(&cpu->check, text, sizeof(text));
		log_warn("machine check on CPU %u: %s; the machine goes on", cpu->cpu->id, text);
		cpu->checks = 0;
	}
}
