/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Local APICs (Intel SDM volume 3, chapter 11; AMD64 volume 2, chapter 16): registers in memory
 * and, in x2APIC mode, as model-specific ones; what waits, what is in service, what the CPU gets.
 * One device is those of all vCPUs; its region is also where messages (MSI) are written to.
 *
 * A vCPU's own state is changed in its own thread only, but for what arrives (atomic). The register
 * of its task priority is in the CPU (arch_vintc_tpr()).
 */
#include "apic.h"

#include <core/log.h>
#include <core/mem.h>
#include <core/shell.h>
#include <libs/bits.h>
#include <libs/errno.h>
#include <libs/string.h>

#define REGION_SIZE 0x100000u

/* Register numbers: offset / 16, and number - 0x800 of the model-specific ones. */
enum {
	ID = 0x02, VERSION = 0x03, TPR = 0x08, APR = 0x09, PPR = 0x0a, EOI = 0x0b, LDR = 0x0d,
	DFR = 0x0e, SVR = 0x0f, ISR = 0x10, TMR = 0x18, IRR = 0x20, ESR = 0x28, CMCI = 0x2f,
	ICR = 0x30, ICR_HIGH = 0x31, LVT = 0x32, INITIAL = 0x38, CURRENT = 0x39, DIVIDE = 0x3e,
	SELF_IPI = 0x3f,
};

#define VERSION_VALUE	 (0x14 | (LVTS - 1) << 16)
#define SVR_FOCUS	 BIT32(9)
#define ESR_SEND_ILLEGAL BIT32(5)
#define ESR_RECV_ILLEGAL BIT32(6)
#define ESR_REGISTER	 BIT32(7)
#define ICR_PENDING	 BIT32(12)

#define MSR_APIC_BASE	 0x1b
#define MSR_TSC_DEADLINE 0x6e0
#define MSR_X2APIC	 0x800

/* What of each entry can be written: timer has modes, LINT pins polarity and trigger. */
static const uint32_t lvt_writable[LVTS] = { 0x700ff, 0x107ff, 0x107ff, 0x1a7ff, 0x1a7ff, 0x100ff };

/* --- sets of vectors --------------------------------------------------------------------- */

static inline int highest(const struct apic_bits *b)
{
	const uint64_t *w = b->word;
	uint64_t v;
	int i;

	/* Mostly there is nothing at all; what a guest's devices have is in the lower half. */
	if (likely(!(READ_ONCE(w[3]) | READ_ONCE(w[2])))) {
		if (!(READ_ONCE(w[1]) | READ_ONCE(w[0])))
			return -1;
		i = READ_ONCE(w[1]) ? 1 : 0;
	} else {
		i = READ_ONCE(w[3]) ? 3 : 2;
	}
	v = READ_ONCE(w[i]);
	return v ? 64 * i + 63 - __builtin_clzll(v) : -1;
}

static void set_bit(struct apic_bits *b, unsigned n)
{
	b->word[n / 64] |= BIT(n % 64);
}

static void clear_bit(struct apic_bits *b, unsigned n)
{
	b->word[n / 64] &= ~BIT(n % 64);
}

static bool test_bit(const struct apic_bits *b, unsigned n)
{
	return b->word[n / 64] >> n % 64 & 1;
}

static uint32_t bits_register(const struct apic_bits *b, unsigned n)
{
	return (uint32_t)(__atomic_load_n(&b->word[n / 2], __ATOMIC_RELAXED) >> 32 * (n & 1));
}

/* --- arriving ---------------------------------------------------------------------------- */

struct apic_set *apic_set_of(const struct guest *guest)
{
	return guest->vintc_priv;
}

static void error(struct lapic *a, uint32_t bit)
{
	a->esr_next |= bit;
	if (!(a->lvt[LVT_ERROR] & LVT_MASKED) && (a->lvt[LVT_ERROR] & 0xff) >= 16)
		lapic_accept(a, a->lvt[LVT_ERROR] & 0xff, false);
}

void lapic_accept(struct lapic *a, unsigned vector, bool level)
{
	if (!lapic_enabled(a))
		return;
	if (vector < 16) {
		__atomic_fetch_or(&a->esr_next, ESR_RECV_ILLEGAL, __ATOMIC_RELAXED);
		return;
	}
	/* How it was triggered is known before it is there. */
	if (level)
		__atomic_fetch_or(&a->tmr.word[vector / 64], BIT(vector % 64), __ATOMIC_RELAXED);
	else if (unlikely(test_bit(&a->tmr, vector)))
		__atomic_fetch_and(&a->tmr.word[vector / 64], ~BIT(vector % 64), __ATOMIC_RELAXED);
	__atomic_fetch_or(&a->irr.word[vector / 64], BIT(vector % 64), __ATOMIC_RELEASE);
	vcpu_wake(a->vcpu);
}

void lapic_local(struct lapic *a, unsigned lvt)
{
	uint32_t entry = READ_ONCE(a->lvt[lvt]);
	unsigned mode = lvt == LVT_TIMER || lvt == LVT_ERROR ? APIC_FIXED : entry >> 8 & 7;

	if (entry & LVT_MASKED)
		return;
	if (mode == APIC_NMI) {
		__atomic_store_n(&a->nmi, true, __ATOMIC_RELEASE);
		vcpu_wake(a->vcpu);
	} else if (mode == APIC_FIXED) {
		lapic_accept(a, entry & 0xff, false);
	}
}

/* Do the 8259s reach this one? They are at LINT0, or at the CPU itself. */
static bool takes_extint(const struct lapic *a)
{
	uint32_t lint0 = READ_ONCE(a->lvt[LVT_LINT0]);

	if (!(a->base & APIC_BASE_BSP))
		return false;
	if (!(a->base & APIC_BASE_ENABLE))
		return true;
	return !(lint0 & LVT_MASKED) && (lint0 >> 8 & 7) == APIC_EXTINT;
}

void lapic_extint_changed(struct apic_set *set, bool level)
{
	WRITE_ONCE(set->extint, level);
	vcpu_wake(set->lapics[0].vcpu);
}

/* --- delivery ---------------------------------------------------------------------------- */

/* The vector that waits and is above what is in service. @return -1: none */
static int next_vector(const struct lapic *a)
{
	int vector = highest(&a->irr);

	return vector >= 0 && vector >> 4 > highest(&a->isr) >> 4 ? vector : -1;
}

/* @return whether the CPU took it */
static bool offer_extint(struct lapic *a)
{
	struct apic_set *set = a->set;
	bool taken = false;

	spin_lock(&set->lock);
	if (set->extint) {
		taken = arch_vintc_vector(a->vcpu, (int)pic_vector(set->pic), true);
		if (taken)
			pic_acknowledge(set->pic);
	}
	spin_unlock(&set->lock);
	return taken;
}

static void op_flush(struct vcpu *vcpu)
{
	struct lapic *a = vcpu->vintc_priv;
	int vector;

	if (unlikely(READ_ONCE(a->nmi)) && __atomic_exchange_n(&a->nmi, false, __ATOMIC_ACQ_REL))
		arch_vintc_nmi(vcpu);
	if (unlikely(READ_ONCE(a->set->extint)) && takes_extint(a)) {
		offer_extint(a);
		/* It goes first; what else waits comes when the CPU can take it. */
		if (READ_ONCE(a->set->extint))
			return;
	}
	vector = next_vector(a);
	if (vector >= 0 && arch_vintc_vector(vcpu, vector, false)) {
		__atomic_fetch_and(&a->irr.word[vector / 64], ~BIT(vector % 64), __ATOMIC_ACQ_REL);
		set_bit(&a->isr, (unsigned)vector);
		vector = next_vector(a);
		if (vector < 0)
			return;
		arch_vintc_vector(vcpu, vector, false);
	} else if (vector < 0) {
		arch_vintc_vector(vcpu, -1, false);
	}
}

static bool op_pending(struct vcpu *vcpu)
{
	struct lapic *a = vcpu->vintc_priv;
	int vector;

	if (READ_ONCE(a->nmi))
		return true;
	if (arch_vintc_masked(vcpu))
		return false;
	if (READ_ONCE(a->set->extint) && takes_extint(a))
		return true;
	vector = next_vector(a);
	return vector >= 0 && vector >> 4 > arch_vintc_tpr(vcpu) >> 4;
}

/* --- registers --------------------------------------------------------------------------- */

static void end_of_interrupt(struct lapic *a)
{
	int vector = highest(&a->isr);
	unsigned long flags;

	if (vector < 0)
		return;
	clear_bit(&a->isr, (unsigned)vector);
	if (unlikely(test_bit(&a->tmr, (unsigned)vector))) {
		flags = spin_lock_irqsave(&a->set->lock);
		if (a->set->ioapic)
			ioapic_eoi(a->set->ioapic, (unsigned)vector);
		spin_unlock_irqrestore(&a->set->lock, flags);
	}
	if (highest(&a->irr) >= 0)
		vcpu_request(a->vcpu, VCPU_REQ_VINTC);
}

static uint32_t ppr(struct lapic *a)
{
	uint32_t tpr = arch_vintc_tpr(a->vcpu);
	int in_service = highest(&a->isr);
	uint32_t class = in_service < 0 ? 0 : (uint32_t)in_service & 0xf0;

	return tpr >> 4 >= class >> 4 ? tpr : class;
}

static uint32_t read_register(struct lapic *a, unsigned reg)
{
	bool x2 = a->base & APIC_BASE_X2;

	switch (reg) {
	case ID:
		return x2 ? a->id : a->id << 24;
	case VERSION:
		return VERSION_VALUE;
	case TPR:
		return arch_vintc_tpr(a->vcpu);
	case PPR:
		return ppr(a);
	case LDR:
		return x2 ? (a->id >> 4) << 16 | 1u << (a->id & 15) : a->ldr;
	case DFR:
		return a->dfr;
	case SVR:
		return a->svr;
	case ISR ... ISR + 7:
		return bits_register(&a->isr, reg - ISR);
	case TMR ... TMR + 7:
		return bits_register(&a->tmr, reg - TMR);
	case IRR ... IRR + 7:
		return bits_register(&a->irr, reg - IRR);
	case ESR:
		return a->esr;
	case ICR:
		return a->icr;
	case ICR_HIGH:
		return a->icr_high;
	case LVT ... LVT + LVTS - 1:
		return a->lvt[reg - LVT];
	case INITIAL:
		return a->initial;
	case CURRENT:
		return lapic_timer_count(a);
	case DIVIDE:
		return a->divide;
	}
	return 0;
}

static void write_lvt(struct lapic *a, unsigned n, uint32_t value)
{
	uint32_t was = a->lvt[n];

	value &= lvt_writable[n] | LVT_MASKED;
	if (!(a->svr & APIC_SVR_ENABLE))
		value |= LVT_MASKED;
	WRITE_ONCE(a->lvt[n], value);
	if (n == LVT_TIMER)
		lapic_timer_set_mode(a, was);
	if (n == LVT_LINT0)
		vcpu_request(a->vcpu, VCPU_REQ_VINTC);
}

static void write_svr(struct lapic *a, uint32_t value)
{
	value &= 0xff | APIC_SVR_ENABLE | SVR_FOCUS;
	WRITE_ONCE(a->svr, value);
	/* Switched off by software: what is local is masked. */
	for (unsigned i = 0; !(value & APIC_SVR_ENABLE) && i < LVTS; i++)
		a->lvt[i] |= LVT_MASKED;
}

static void write_icr(struct lapic *a, uint64_t icr)
{
	unsigned mode = icr >> 8 & 7;

	a->icr = (uint32_t)icr & 0xccfff & ~ICR_PENDING;
	a->icr_high = (uint32_t)(icr >> 32);
	if (mode <= APIC_LOWEST && (icr & 0xff) < 16) {
		error(a, ESR_SEND_ILLEGAL);
		return;
	}
	lapic_command(a, icr);
}

/** @return false: there is no such register to be written */
static bool write_register(struct lapic *a, unsigned reg, uint32_t value)
{
	switch (reg) {
	case ID: /* read-only in this generation of CPUs */
		break;
	case TPR:
		arch_vintc_set_tpr(a->vcpu, (uint8_t)value);
		vcpu_request(a->vcpu, VCPU_REQ_VINTC);
		break;
	case EOI:
		end_of_interrupt(a);
		break;
	case LDR:
		a->ldr = value & 0xff000000;
		break;
	case DFR:
		a->dfr = value | 0x0fffffff;
		break;
	case SVR:
		write_svr(a, value);
		break;
	case ESR:
		a->esr = __atomic_exchange_n(&a->esr_next, 0, __ATOMIC_RELAXED);
		break;
	case ICR:
		write_icr(a, (uint64_t)a->icr_high << 32 | value);
		break;
	case ICR_HIGH:
		a->icr_high = value & 0xff000000;
		break;
	case LVT ... LVT + LVTS - 1:
		write_lvt(a, reg - LVT, value);
		break;
	case INITIAL:
		lapic_timer_set_initial(a, value);
		break;
	case DIVIDE:
		lapic_timer_set_divide(a, value);
		break;
	case VERSION:
	case APR:
	case PPR:
	case ISR ... ISR + 7:
	case TMR ... TMR + 7:
	case IRR ... IRR + 7:
	case CURRENT:
	case CMCI:
		break;
	default:
		error(a, ESR_REGISTER);
		return false;
	}
	return true;
}

static bool readable(unsigned reg)
{
	switch (reg) {
	case ID:
	case VERSION:
	case TPR ... PPR:
	case LDR ... ESR:
	case CMCI:
	case ICR ... CURRENT:
	case DIVIDE:
		return true;
	}
	return false;
}

/* Registers are words at multiples of 16; narrower reads get their lanes, as memory would. */
static enum emu_result lapic_access(struct emu_dev *dev, struct emu_access *acc)
{
	struct apic_set *set = dev->priv;
	struct lapic *a = acc->vcpu ? acc->vcpu->vintc_priv : &set->lapics[0];
	unsigned reg = (unsigned)acc->offset >> 4, lane = acc->offset & 15;

	if (acc->offset >= 0x400 || (a->base & (APIC_BASE_ENABLE | APIC_BASE_X2)) !=
				   APIC_BASE_ENABLE) {
		acc->value = ~0ull >> (64 - 8 * acc->size);
		return acc->offset < 0x1000 ? EMU_OK : EMU_NONE;
	}
	if (acc->is_write) {
		if (lane || acc->size < 4)
			return EMU_WIDTH;
		write_register(a, reg, (uint32_t)acc->value);
		return EMU_OK;
	}
	if (lane + acc->size > 4 && lane < 4 && acc->size != 8)
		return EMU_WIDTH;
	acc->value = 0;
	if (!readable(reg))
		error(a, ESR_REGISTER);
	else if (lane < 4)
		acc->value = (uint64_t)read_register(a, reg) >> 8 * lane &
			     ~0ull >> (64 - 8 * acc->size);
	return EMU_OK;
}

/* --- model-specific registers ------------------------------------------------------------ */

static int write_base(struct lapic *a, uint64_t value)
{
	uint64_t modes = APIC_BASE_ENABLE | APIC_BASE_X2;

	/* Moving it is nothing that systems do any more. */
	if ((value & ~(modes | APIC_BASE_BSP)) != APIC_BASE_ADDRESS)
		return -EINVAL;
	if (value & APIC_BASE_X2 && !(value & APIC_BASE_ENABLE))
		return -EINVAL;
	/* From x2APIC there is a way to off only, from off to xAPIC. */
	if (a->base & APIC_BASE_X2 && (value & modes) == APIC_BASE_ENABLE)
		return -EINVAL;
	if (!(a->base & APIC_BASE_ENABLE) && value & APIC_BASE_X2)
		return -EINVAL;
	a->base = (value & ~APIC_BASE_BSP) | (a->base & APIC_BASE_BSP);
	vcpu_request(a->vcpu, VCPU_REQ_VINTC);
	return 0;
}

static int write_x2(struct lapic *a, unsigned reg, uint64_t value)
{
	if (reg == ICR) {
		write_icr(a, value);
		return 0;
	}
	if (value >> 32 || reg == ICR_HIGH || reg == DFR || reg == ID || reg == LDR ||
	    (!readable(reg) && reg != EOI && reg != SELF_IPI))
		return -ENOENT;
	if (reg == EOI || reg == ESR) {
		if (value)
			return -ENOENT;
	} else if (reg == SELF_IPI) {
		write_icr(a, BIT(18) | (value & 0xff));
		return 0;
	} else if (reg == VERSION || reg == PPR || reg == APR || reg == CURRENT ||
		   (reg >= ISR && reg < ESR)) {
		return -ENOENT;
	}
	return write_register(a, reg, (uint32_t)value) ? 0 : -ENOENT;
}

static int op_sysreg(struct vcpu *vcpu, unsigned msr, bool is_write, uint64_t *value)
{
	struct lapic *a = vcpu->vintc_priv;
	unsigned reg = msr - MSR_X2APIC;

	if (msr == MSR_APIC_BASE) {
		if (is_write)
			return write_base(a, *value) ? -ENOENT : 0;
		*value = a->base;
		return 0;
	}
	if (msr == MSR_TSC_DEADLINE) {
		if (is_write)
			lapic_timer_set_tsc_deadline(a, *value);
		else
			*value = lapic_timer_tsc_deadline(a);
		return 0;
	}
	if (reg > 0xff || !(a->base & APIC_BASE_X2))
		return -ENOENT;
	if (is_write)
		return write_x2(a, reg, *value);
	if (!readable(reg) || reg == DFR || reg == ICR_HIGH)
		return -ENOENT;
	*value = reg == ICR ? (uint64_t)a->icr_high << 32 | a->icr : read_register(a, reg);
	return 0;
}

/* --- lines and messages ------------------------------------------------------------------ */

static unsigned pin_of(unsigned irq)
{
	return irq ? irq : 2;
}

static void op_set_line(struct guest *guest, struct vcpu *vcpu, unsigned irq, bool level)
{
	struct apic_set *set = guest->vintc_priv;
	unsigned long flags = spin_lock_irqsave(&set->lock);

	if (irq < APIC_ISA_IRQS && set->pic)
		pic_set_line(set->pic, irq, level);
	if (irq != 2 && irq < APIC_PINS && set->ioapic)
		ioapic_set_line(set->ioapic, pin_of(irq), level);
	spin_unlock_irqrestore(&set->lock, flags);
}

static void op_pulse(struct guest *guest, struct vcpu *vcpu, unsigned irq)
{
	op_set_line(guest, vcpu, irq, true);
	op_set_line(guest, vcpu, irq, false);
}

/* Address and data of a message: SDM volume 3, 11.11. */
static void lapic_msi(struct emu_dev *dev, uint64_t offset, uint32_t requester, uint32_t data)
{
	struct apic_message m = {
		.dest = offset >> 12 & 0xff,
		.vector = (uint8_t)data,
		.mode = data >> 8 & 7,
		.logical = offset & BIT(2),
		.level = data & BIT32(15),
	};

	/* To one of several, when it says so. */
	if (m.logical && offset & BIT(3) && m.mode == APIC_FIXED)
		m.mode = APIC_LOWEST;
	apic_deliver(dev->priv, &m, NULL);
}

/* --- life -------------------------------------------------------------------------------- */

static void op_reset_vcpu(struct vcpu *vcpu)
{
	struct lapic *a = vcpu->vintc_priv;

	lapic_timer_stop(a);
	memset(&a->irr, 0, sizeof(a->irr));
	memset(&a->isr, 0, sizeof(a->isr));
	memset(&a->tmr, 0, sizeof(a->tmr));
	a->base = APIC_BASE_ADDRESS | APIC_BASE_ENABLE | (vcpu->id ? 0 : APIC_BASE_BSP);
	a->svr = 0xff;
	a->ldr = 0;
	a->dfr = UINT32_MAX;
	a->esr = a->esr_next = 0;
	a->icr = a->icr_high = 0;
	a->nmi = false;
	a->divide = a->initial = 0;
	for (unsigned i = 0; i < LVTS; i++)
		a->lvt[i] = LVT_MASKED;
	/* As firmware leaves it: the 8259s go to the first vCPU, LINT1 is the NMI. */
	if (!vcpu->id)
		a->lvt[LVT_LINT0] = APIC_EXTINT << 8;
	a->lvt[LVT_LINT1] = APIC_NMI << 8;
	arch_vintc_set_tpr(vcpu, 0);
}

static const struct vintc_ops ops = {
	.set_line = op_set_line,
	.pulse = op_pulse,
	.flush = op_flush,
	.pending = op_pending,
	.sysreg = op_sysreg,
	.reset_vcpu = op_reset_vcpu,
};

static void lapic_reset(struct emu_dev *dev)
{
	struct apic_set *set = dev->priv;

	for (unsigned i = 0; i < set->count; i++)
		op_reset_vcpu(set->lapics[i].vcpu);
}

static int lapic_probe(struct emu_dev *dev)
{
	struct guest *guest = dev->guest;
	struct apic_set *set;

	if (guest->vintc)
		return emu_fail(dev, -EEXIST, "the guest has another interrupt controller");
	if (dev->region->gpa != APIC_BASE_ADDRESS || dev->region->size != REGION_SIZE)
		return emu_fail(dev, -EINVAL, "local APICs are at 0xfee00000 and take 0x100000 "
				"bytes, nowhere else");
	if (guest->nr_vcpus > 255)
		return emu_fail(dev, -EINVAL, "%u vCPUs are more than the 255 that local APICs "
				"serve", guest->nr_vcpus);
	set = heap_zalloc(sizeof(*set));
	if (!set)
		return -ENOMEM;
	set->lapics = heap_calloc(guest->nr_vcpus, sizeof(*set->lapics));
	if (!set->lapics) {
		heap_free(set);
		return -ENOMEM;
	}
	spin_init(&set->lock);
	set->guest = guest;
	set->dev = dev;
	set->count = guest->nr_vcpus;
	for (unsigned i = 0; i < set->count; i++) {
		struct lapic *a = &set->lapics[i];

		a->set = set;
		a->vcpu = guest->vcpus[i];
		a->id = i;
		lapic_timer_init(a);
		a->vcpu->vintc_priv = a;
	}
	dev->priv = set;
	guest->vintc_priv = set;
	guest->vintc = &ops;
	lapic_reset(dev);
	return 0;
}

static void lapic_remove(struct emu_dev *dev)
{
	struct apic_set *set = dev->priv;

	for (unsigned i = 0; i < set->count; i++) {
		lapic_timer_stop(&set->lapics[i]);
		set->lapics[i].vcpu->vintc_priv = NULL;
	}
	dev->guest->vintc = NULL;
	dev->guest->vintc_priv = NULL;
	heap_free(set->lapics);
	heap_free(set);
	dev->priv = NULL;
}

static void lapic_show(struct emu_dev *dev, struct shell_out *out)
{
	const struct apic_set *set = dev->priv;

	for (unsigned i = 0; i < set->count; i++) {
		const struct lapic *a = &set->lapics[i];

		out_printf(out, "APIC %u: %s, SVR 0x%x, timer LVT 0x%x; waits %d, in service %d\n",
			   a->id, !(a->base & APIC_BASE_ENABLE) ? "off"
				  : a->base & APIC_BASE_X2	? "x2APIC" : "xAPIC",
			   a->svr, a->lvt[LVT_TIMER], highest(&a->irr), highest(&a->isr));
	}
}

static const struct dt_match matches[] = {
	{ "intel,ce4100-lapic", NULL },
	{ NULL, NULL },
};

static const char *const props[] = { NULL };

EMULATOR(lapic) {
	.name = "lapic",
	.match = matches,
	.props = props,
	.probe = lapic_probe,
	.remove = lapic_remove,
	.reset = lapic_reset,
	.access = lapic_access,
	.msi = lapic_msi,
	.show = lapic_show,
};
