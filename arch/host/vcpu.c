/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fake port's guests, vCPUs and slots for virtual interrupts. A CPU holds the state of at most
 * one vCPU; the program of a guest is a function of the test.
 */
#include <arch/vcpu.h>
#include <arch/vcpu_enter.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <arch/guest.h>
#include <arch/vintc.h>
#include <core/guest.h>
#include <core/shell.h>
#include <core/vcpu.h>
#include <libs/errno.h>
#include <port/host.h>

#define HWIRQS		1024
#define ROOT_SHIFT	48
#define INSTRUCTION	4	/* bytes that arch_vcpu_skip() steps over */

static const struct vintc_caps first_caps = { .slots = 4, .prio_bits = 5, .gicv3_cpuif = true };

static struct vcpu *loaded[HOST_CPUS];
static bool guests[HOST_GUESTS + 1];
static struct vintc_caps caps;
static bool hw_active[HWIRQS];
static host_program program;

void host_reset_vcpu(void)
{
	memset(loaded, 0, sizeof(loaded));
	memset(guests, 0, sizeof(guests));
	memset(hw_active, 0, sizeof(hw_active));
	caps = first_caps;
	program = NULL;
}

/* ---- guests --------------------------------------------------------------------------- */

int arch_guest_init(struct guest *guest)
{
	unsigned int n;

	if (guest->arch.number)
		host_violation("%s(): done already", __func__);
	for (n = 1; n <= HOST_GUESTS; n++) {
		if (!guests[n]) {
			guests[n] = true;
			guest->arch = (struct arch_guest){ .number = (uint16_t)n };
			return 0;
		}
	}
	return -ENOSPC;
}

static void check_guest(const struct guest *guest, const char *function)
{
	if (!guest->arch.number || guest->arch.number > HOST_GUESTS || !guests[guest->arch.number])
		host_violation("%s(): the guest is not initialised", function);
}

void arch_guest_fini(struct guest *guest)
{
	unsigned int i;

	check_guest(guest, __func__);
	for (i = 0; i < HOST_CPUS; i++) {
		if (loaded[i] && loaded[i]->guest == guest)
			host_violation("%s(): a vCPU is still loaded on CPU %u", __func__, i);
	}
	guests[guest->arch.number] = false;
	guest->arch = (struct arch_guest){ 0 };
}

void arch_guest_set_root(struct guest *guest, hpa_t root)
{
	check_guest(guest, __func__);
	if (!root || root % PAGE_SIZE)
		host_violation("%s(): root %#" PRIx64 " is no page", __func__, root);
	guest->arch.root = (uint64_t)guest->arch.number << ROOT_SHIFT | root;
}

uint64_t arch_guest_root(const struct guest *guest)
{
	check_guest(guest, __func__);
	return guest->arch.root;
}

uint64_t arch_guest_cpus(void)
{
	return UINT64_MAX;
}

gpa_t arch_guest_gpa_limit(void)
{
	return UINT64_C(1) << 40;
}

/* ---- vCPUs ---------------------------------------------------------------------------- */

struct vcpu *host_loaded(void)
{
	return loaded[host_cpu_id()];
}

/* The vCPU whose registers this CPU holds; the contract asks for one, and for masked interrupts. */
static struct vcpu *check_loaded(const char *function)
{
	host_check_masked(function);
	if (!host_loaded())
		host_violation("%s() with no vCPU loaded", function);
	return host_loaded();
}

static void check_this_loaded(const struct vcpu *vcpu, const char *function)
{
	if (check_loaded(function) != vcpu)
		host_violation("%s() of a vCPU that is not the loaded one", function);
}

static void check_not_loaded(const struct vcpu *vcpu, const char *function)
{
	if (vcpu->arch.loaded_on)
		host_violation("%s() of a vCPU that is loaded on CPU %d", function,
			       vcpu->arch.loaded_on - 1);
}

/* Registers may be looked at where they are valid: in memory, or in this very CPU. */
static void check_readable(const struct vcpu *vcpu, const char *function)
{
	if (!vcpu->arch.initialised)
		host_violation("%s() of a vCPU that is not initialised", function);
	if (vcpu->arch.loaded_on && vcpu->arch.loaded_on - 1 != (int)host_cpu_id())
		host_violation("%s(): the registers are in CPU %d", function,
			       vcpu->arch.loaded_on - 1);
}

int arch_vcpu_init(struct vcpu *vcpu)
{
	vcpu->arch = (struct arch_vcpu){ .initialised = true, .timer = UINT64_MAX };
	return 0;
}

void arch_vcpu_fini(struct vcpu *vcpu)
{
	check_not_loaded(vcpu, __func__);
	vcpu->arch.initialised = false;
}

void arch_vcpu_reset(struct vcpu *vcpu, uint64_t pc, uint64_t arg)
{
	check_not_loaded(vcpu, __func__);
	if (!vcpu->arch.initialised)
		host_violation("%s() of a vCPU that is not initialised", __func__);
	memset(vcpu->arch.regs, 0, sizeof(vcpu->arch.regs));
	vcpu->arch.pc = pc;
	vcpu->arch.regs[0] = arg;
	vcpu->arch.timer = UINT64_MAX;
	vcpu->arch.pending_exit = 0;
}

void arch_vcpu_load(struct vcpu *vcpu)
{
	host_check_masked(__func__);
	check_not_loaded(vcpu, __func__);
	if (host_loaded())
		host_violation("%s(): another vCPU's state was not saved", __func__);
	if (!vcpu->arch.initialised)
		host_violation("%s() of a vCPU that is not initialised", __func__);
	vcpu->arch.loaded_on = (int)host_cpu_id() + 1;
	loaded[host_cpu_id()] = vcpu;
}

void arch_vcpu_save(struct vcpu *vcpu)
{
	check_this_loaded(vcpu, __func__);
	vcpu->arch.loaded_on = 0;
	loaded[host_cpu_id()] = NULL;
}

void host_guest_program(host_program new_program)
{
	program = new_program;
}

void arch_vcpu_enter(struct vcpu *vcpu, struct arch_vcpu *arch, struct vcpu_exit *exit)
{
	check_this_loaded(vcpu, __func__);
	if (vcpu->arch.pending_exit)
		host_violation("%s(): the access of the last exit was not completed", __func__);
	if (!program)
		host_violation("%s(): the test has no host_guest_program()", __func__);
	*exit = (struct vcpu_exit){ .kind = EXIT_KINDS };
	program(vcpu, exit);
	if (exit->kind >= EXIT_KINDS)
		host_violation("the guest's program did not tell why it exits");
	if (exit->kind == EXIT_MMIO)
		vcpu->arch.pending_exit = 1;
	host_check_masked("the guest's program");
}

void arch_vcpu_complete(struct vcpu *vcpu, const struct vcpu_exit *exit, uint64_t value)
{
	unsigned int bits = exit->size * 8u;

	check_readable(vcpu, __func__);
	if (!vcpu->arch.pending_exit || exit->kind != EXIT_MMIO)
		host_violation("%s() without an access to complete", __func__);
	vcpu->arch.pending_exit = 0;
	vcpu->arch.pc += INSTRUCTION;
	if (exit->is_write)
		return;
	if (bits < 64 && value >> bits)
		host_violation("%s(): value %#" PRIx64 " is not of %u bits", __func__, value, bits);
	if (exit->sign_extend && bits < 64 && value >> (bits - 1))
		value |= ~UINT64_C(0) << bits;
	if (!exit->wide)
		value = (uint32_t)value;
	if (exit->reg >= HOST_VCPU_REGS)
		host_violation("%s(): there is no register %u", __func__, exit->reg);
	vcpu->arch.regs[exit->reg] = value;
}

void arch_vcpu_skip(struct vcpu *vcpu)
{
	check_readable(vcpu, __func__);
	vcpu->arch.pending_exit = 0;
	vcpu->arch.pc += INSTRUCTION;
}

uint64_t arch_vcpu_reg(const struct vcpu *vcpu, unsigned int n)
{
	check_readable(vcpu, __func__);
	if (n >= HOST_VCPU_REGS)
		host_violation("%s(): there is no register %u", __func__, n);
	return vcpu->arch.regs[n];
}

void arch_vcpu_set_reg(struct vcpu *vcpu, unsigned int n, uint64_t value)
{
	check_readable(vcpu, __func__);
	if (n >= HOST_VCPU_REGS)
		host_violation("%s(): there is no register %u", __func__, n);
	vcpu->arch.regs[n] = value;
}

uint64_t arch_vcpu_pc(const struct vcpu *vcpu)
{
	check_readable(vcpu, __func__);
	return vcpu->arch.pc;
}

void arch_vcpu_set_pc(struct vcpu *vcpu, uint64_t pc)
{
	check_readable(vcpu, __func__);
	vcpu->arch.pc = pc;
}

void arch_vcpu_inject_abort(struct vcpu *vcpu, const struct vcpu_exit *exit)
{
	check_readable(vcpu, __func__);
	vcpu->arch.pending_exit = 0;
	vcpu->arch.aborts++;
}

void arch_vcpu_inject_undef(struct vcpu *vcpu)
{
	check_readable(vcpu, __func__);
	vcpu->arch.pending_exit = 0;
	vcpu->arch.undefs++;
}

bool arch_vcpu_pending(struct vcpu *vcpu)
{
	unsigned int n;

	check_this_loaded(vcpu, __func__);
	for (n = 0; n < caps.slots; n++) {
		if ((vcpu->arch.slots[n] & VSLOT_STATE) == VSLOT_PENDING)
			return true;
	}
	return vcpu->arch.irq_line || vcpu->arch.fiq_line || vcpu->arch.timer <= host_counter();
}

uint64_t arch_vcpu_deadline(struct vcpu *vcpu)
{
	check_this_loaded(vcpu, __func__);
	return vcpu->arch.timer;
}

void arch_vcpu_trap_idle(struct vcpu *vcpu, bool trap)
{
	vcpu->arch.idle_trapped = trap;
}

void arch_vcpu_dump(struct vcpu *vcpu, struct shell_out *out)
{
	unsigned int n;

	check_readable(vcpu, __func__);
	out_printf(out, "PC  %016" PRIx64 "\n", vcpu->arch.pc);
	for (n = 0; n < HOST_VCPU_REGS; n++)
		out_printf(out, "R%-2u %016" PRIx64 "\n", n, vcpu->arch.regs[n]);
}

void arch_vcpu_describe(struct vcpu *vcpu, const struct vcpu_exit *exit, char *buf, size_t size)
{
	snprintf(buf, size, "%s of %u bytes at %#" PRIx64, exit->is_write ? "write" : "read",
		 exit->size, exit->gpa);
}

void arch_vcpu_prepare(struct vcpu *vcpu)
{
	host_violation("%s() of a vCPU that does not need it", __func__);
}

/* ---- virtual interrupts ------------------------------------------------------------------ */

void host_vintc_caps(const struct vintc_caps *new_caps)
{
	if (new_caps->slots > HOST_SLOTS_MAX)
		host_violation("%u slots: %d are possible", new_caps->slots, HOST_SLOTS_MAX);
	caps = *new_caps;
}

const struct vintc_caps *arch_vintc_caps(void)
{
	return &caps;
}

void arch_vintc_init(struct vcpu *vcpu, enum vintc_mode mode)
{
	check_not_loaded(vcpu, __func__);
	if ((mode == VINTC_GICV2 && !caps.gicv2_cpuif) ||
	    (mode == VINTC_GICV3 && !caps.gicv3_cpuif))
		host_violation("%s(): mode %d is not one of this machine", __func__, mode);
	memset(vcpu->arch.slots, 0, sizeof(vcpu->arch.slots));
	vcpu->arch.vintc_mode = mode;
	vcpu->arch.vmcr = 0;
	vcpu->arch.eoicount = 0;
	vcpu->arch.underflow = false;
	vcpu->arch.irq_line = false;
	vcpu->arch.fiq_line = false;
}

int arch_vintc_soft_gicv3(struct vcpu *vcpu)
{
	check_not_loaded(vcpu, __func__);
	return 0;
}

static uint64_t *slot_of(unsigned int n, const char *function)
{
	struct vcpu *vcpu = check_loaded(function);

	if (n >= caps.slots)
		host_violation("%s(): there is no slot %u", function, n);
	if (vcpu->arch.vintc_mode == VINTC_NONE || vcpu->arch.vintc_mode == VINTC_GICV3_SOFT)
		host_violation("%s(): the vCPU has no virtual CPU interface", function);
	return &vcpu->arch.slots[n];
}

uint64_t arch_vintc_slot(unsigned int n)
{
	return *slot_of(n, __func__);
}

/* The same virtual interrupt in two slots, or a bad link, is UNPREDICTABLE on hardware. */
void arch_vintc_set_slot(unsigned int n, uint64_t value)
{
	uint64_t *slot = slot_of(n, __func__);
	unsigned int i;

	for (i = 0; value & VSLOT_STATE && i < caps.slots; i++) {
		uint64_t other = host_loaded()->arch.slots[i];

		if (i != n && other & VSLOT_STATE &&
		    (other & VSLOT_VIRQ_MASK) == (value & VSLOT_VIRQ_MASK))
			host_violation("virtual interrupt %u is in slots %u and %u",
				       (unsigned int)(value & VSLOT_VIRQ_MASK), i, n);
	}
	if (value & VSLOT_HW && (value >> VSLOT_HWIRQ_SHIFT & VSLOT_HWIRQ_MASK) < 16)
		host_violation("slot %u is linked to a software-generated interrupt", n);
	*slot = value;
}

uint32_t arch_vintc_empty(void)
{
	struct vcpu *vcpu = check_loaded(__func__);
	uint32_t empty = 0;
	unsigned int n;

	for (n = 0; n < caps.slots; n++) {
		if (!(vcpu->arch.slots[n] & VSLOT_STATE))
			empty |= BIT32(n);
	}
	return empty;
}

void arch_vintc_underflow(bool on)
{
	check_loaded(__func__)->arch.underflow = on;
}

bool arch_vintc_trap_dir(bool on)
{
	check_loaded(__func__)->arch.trap_dir = on;
	return true;
}

unsigned int arch_vintc_eoicount(void)
{
	struct vcpu *vcpu = check_loaded(__func__);
	unsigned int count = vcpu->arch.eoicount;

	vcpu->arch.eoicount = 0;
	return count;
}

uint64_t arch_vintc_vmcr(void)
{
	return check_loaded(__func__)->arch.vmcr;
}

void arch_vintc_set_vmcr(uint64_t vmcr)
{
	check_loaded(__func__)->arch.vmcr = vmcr;
}

void arch_vintc_hw_active(uint32_t hwirq, bool active)
{
	host_check_masked(__func__);
	if (hwirq >= HWIRQS)
		host_violation("%s(%u): no such interrupt", __func__, hwirq);
	hw_active[hwirq] = active;
}

bool arch_vintc_hw_pending(uint32_t hwirq)
{
	host_check_masked(__func__);
	return hwirq < HWIRQS && hw_active[hwirq];
}

bool host_hw_active(uint32_t hwirq)
{
	return hwirq < HWIRQS && hw_active[hwirq];
}

void arch_vintc_line(struct vcpu *vcpu, bool irq, bool fiq)
{
	check_readable(vcpu, __func__);
	vcpu->arch.irq_line = irq;
	vcpu->arch.fiq_line = fiq;
}
