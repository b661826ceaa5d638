/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hardware behind a guest's interrupt controller: the virtual CPU interface of GICv3 (system
 * registers) or GICv2 (the GICH and GICV pages), whichever the machine's GIC has. What it is
 * is found once at boot; all else acts on the calling CPU with IRQs masked.
 */
#include <arch/vintc.h>

#include <core/cpu.h>
#include <core/dt.h>
#include <core/irq.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/vcpu.h>
#include <libs/bits.h>
#include <libs/errno.h>
#include <libs/string.h>
#include <port/gicv3.h>
#include "port.h"
#include "vintc_hw.h"

static struct vintc_caps caps;
/* Found at boot; together, because each switch of vCPUs looks at it. */
static struct {
	bool is_v3;		/* ICH_* registers, else GICH */
	bool sre_switchable;	/* GICv3 with a GICv2 mode for guests */
	bool can_trap_dir;	/* of ICC_DIR_EL1 */
	uint8_t nr_aprs;	/* active priority registers of each group */
	uint32_t slots_mask;	/* list registers that there are */
	uint8_t *gich;
} hw;

const struct vintc_caps *arch_vintc_caps(void)
{
	return &caps;
}

/* --- registers of either kind ------------------------------------------------------------ */

static inline uint32_t read_hcr(void)
{
	return hw.is_v3 ? (uint32_t)READ_SYSREG(ICH_HCR_EL2) : mmio_read32(hw.gich + GICH_HCR);
}

static inline void write_hcr(uint32_t hcr)
{
	if (hw.is_v3)
		WRITE_SYSREG(ICH_HCR_EL2, hcr);
	else
		mmio_write32(hw.gich + GICH_HCR, hcr);
}

uint64_t arch_vintc_slot(unsigned n)
{
	return hw.is_v3 ? ich_lr(n) : slot_of_gich(mmio_read32(hw.gich + GICH_LR0 + 4 * n));
}

void arch_vintc_set_slot(unsigned n, uint64_t slot)
{
	if (hw.is_v3)
		ich_set_lr(n, slot);
	else
		mmio_write32(hw.gich + GICH_LR0 + 4 * n, gich_of_slot(slot));
}

uint32_t arch_vintc_empty(void)
{
	uint32_t empty = hw.is_v3 ? (uint32_t)READ_SYSREG(ICH_ELRSR_EL2) :
				 mmio_read32(hw.gich + GICH_ELRSR0);

	return empty & hw.slots_mask;
}

void arch_vintc_underflow(bool on)
{
	uint32_t hcr = read_hcr();
	uint32_t want = on ? hcr | HCR_V_NPIE : hcr & ~HCR_V_NPIE;

	if (want != hcr)
		write_hcr(want);
}

unsigned arch_vintc_eoicount(void)
{
	uint32_t hcr = read_hcr();
	unsigned count = hcr >> HCR_V_EOI_SHIFT;

	if (count)
		write_hcr(hcr & (BIT32(HCR_V_EOI_SHIFT) - 1));
	return count;
}

bool arch_vintc_trap_dir(bool on)
{
	uint32_t hcr;

	if (!hw.can_trap_dir)
		return false;
	hcr = read_hcr();
	write_hcr(on ? hcr | HCR_V_TDIR : hcr & ~HCR_V_TDIR);
	return true;
}

uint64_t arch_vintc_vmcr(void)
{
	return hw.is_v3 ? READ_SYSREG(ICH_VMCR_EL2) : mmio_read32(hw.gich + GICH_VMCR);
}

void arch_vintc_set_vmcr(uint64_t vmcr)
{
	if (hw.is_v3)
		WRITE_SYSREG(ICH_VMCR_EL2, vmcr);
	else
		mmio_write32(hw.gich + GICH_VMCR, (uint32_t)vmcr);
}

void arch_vintc_hw_active(uint32_t hwirq, bool active)
{
	irqchip_root()->set_active(hwirq, active);
}

bool arch_vintc_hw_pending(uint32_t hwirq)
{
	return irqchip_root()->is_pending(hwirq);
}

void arch_vintc_line(struct vcpu *vcpu, bool irq, bool fiq)
{
	uint64_t hcr = vcpu->arch.hcr & ~(HCR_VI | HCR_VF);

	hcr |= (irq ? HCR_VI : 0) | (fiq ? HCR_VF : 0);
	if (hcr == vcpu->arch.hcr)
		return;
	if (this_cpu()->loaded == vcpu) {
		/* The hardware clears VSE when the guest takes the SError. */
		hcr &= ~HCR_VSE | READ_SYSREG(hcr_el2);
		WRITE_SYSREG(hcr_el2, hcr);
	}
	vcpu->arch.hcr = hcr;
}

/* --- a vCPU's state ------------------------------------------------------------------------ */

void arch_vintc_init(struct vcpu *vcpu, enum vintc_mode mode)
{
	struct arch_vintc *v = &vcpu->arch.vintc;

	memset(v, 0, sizeof(*v));
	v->mode = (uint8_t)mode;
	v->slots = caps.slots && (mode == VINTC_GICV2 || mode == VINTC_GICV3);
	if (v->slots)
		v->hcr = HCR_V_EN | HCR_V_LRENPIE;
	/* A guest that was not given these system registers shall not find them, or find ours. */
	if (hw.is_v3 && mode != VINTC_GICV3)
		v->hcr |= HCR_V_TRAPS;
	/* Clusters are of the size that this controller addresses. */
	vcpu->arch.mpidr = mpidr_of(vcpu->id, mode >= VINTC_GICV3);
}

/* Where ICH_HCR_EL2 cannot trap ICC_*, breakpoints have to (arm64/vcpu_icc.c). */
int arch_vintc_soft_gicv3(struct vcpu *vcpu)
{
	return hw.is_v3 ? 0 : icc_init(vcpu);
}

/* Those beyond the first of each group; few implementations have them. */
static noinline_fn void save_more_aprs(struct arch_vintc *v)
{
	if (hw.nr_aprs == 4) {
		v->apr0[3] = (uint32_t)READ_SYSREG(ICH_AP0R3_EL2);
		v->apr0[2] = (uint32_t)READ_SYSREG(ICH_AP0R2_EL2);
		v->apr1[3] = (uint32_t)READ_SYSREG(ICH_AP1R3_EL2);
		v->apr1[2] = (uint32_t)READ_SYSREG(ICH_AP1R2_EL2);
	}
	v->apr0[1] = (uint32_t)READ_SYSREG(ICH_AP0R1_EL2);
	v->apr1[1] = (uint32_t)READ_SYSREG(ICH_AP1R1_EL2);
}

static noinline_fn void load_more_aprs(const struct arch_vintc *v)
{
	if (hw.nr_aprs == 4) {
		WRITE_SYSREG(ICH_AP0R3_EL2, v->apr0[3]);
		WRITE_SYSREG(ICH_AP0R2_EL2, v->apr0[2]);
		WRITE_SYSREG(ICH_AP1R3_EL2, v->apr1[3]);
		WRITE_SYSREG(ICH_AP1R2_EL2, v->apr1[2]);
	}
	WRITE_SYSREG(ICH_AP0R1_EL2, v->apr0[1]);
	WRITE_SYSREG(ICH_AP1R1_EL2, v->apr1[1]);
}

void vintc_hw_save(struct vcpu *vcpu)
{
	struct arch_vintc *v = &vcpu->arch.vintc;
	uint32_t left;

	if (!v->slots)
		return;
	if (likely(hw.is_v3)) {
		v->hcr = (uint32_t)READ_SYSREG(ICH_HCR_EL2);
		v->vmcr = (uint32_t)READ_SYSREG(ICH_VMCR_EL2);
		v->apr0[0] = (uint32_t)READ_SYSREG(ICH_AP0R0_EL2);
		v->apr1[0] = (uint32_t)READ_SYSREG(ICH_AP1R0_EL2);
		if (unlikely(hw.nr_aprs > 1))
			save_more_aprs(v);
		left = ~(uint32_t)READ_SYSREG(ICH_ELRSR_EL2);
	} else {
		v->hcr = mmio_read32(hw.gich + GICH_HCR);
		v->vmcr = mmio_read32(hw.gich + GICH_VMCR);
		v->apr1[0] = mmio_read32(hw.gich + GICH_APR);
		left = ~mmio_read32(hw.gich + GICH_ELRSR0);
	}
	left &= hw.slots_mask;
	v->in_use = left;
	for (; left; left &= left - 1) {
		unsigned n = ctz32(left);

		v->lr[n] = arch_vintc_slot(n);
		arch_vintc_set_slot(n, 0);
	}
	/* Empty slots would ask for service for as long as no vCPU is here. */
	write_hcr(0);
}

void vintc_hw_load(struct vcpu *vcpu)
{
	struct arch_vintc *v = &vcpu->arch.vintc;
	uint32_t left;

	if (hw.is_v3 && hw.sre_switchable) {
		/* Before VMCR: what its FIQ enable means depends on it. */
		WRITE_SYSREG(ICC_SRE_EL1,
			     v->mode == VINTC_GICV2 ? 0 : ICC_SRE_SRE | ICC_SRE_DFB_DIB);
		isb();
	}
	if (unlikely(!v->slots)) {
		if (hw.is_v3)
			WRITE_SYSREG(ICH_HCR_EL2, v->hcr);
		return;
	}
	for (left = v->in_use; left; left &= left - 1) {
		unsigned n = ctz32(left);

		arch_vintc_set_slot(n, v->lr[n]);
	}
	v->in_use = 0;
	if (likely(hw.is_v3)) {
		WRITE_SYSREG(ICH_VMCR_EL2, v->vmcr);
		WRITE_SYSREG(ICH_AP0R0_EL2, v->apr0[0]);
		WRITE_SYSREG(ICH_AP1R0_EL2, v->apr1[0]);
		if (unlikely(hw.nr_aprs > 1))
			load_more_aprs(v);
		WRITE_SYSREG(ICH_HCR_EL2, v->hcr);
	} else {
		mmio_write32(hw.gich + GICH_VMCR, v->vmcr);
		mmio_write32(hw.gich + GICH_APR, v->apr1[0]);
		mmio_write32(hw.gich + GICH_HCR, v->hcr);
	}
}

/* --- maintenance ------------------------------------------------------------------------------ */

static void maintenance(void *arg)
{
	struct vcpu *vcpu = this_cpu()->loaded;
	uint32_t misr;

	if (vcpu && vcpu->arch.vintc.slots)
		vcpu_vintc_maintenance(vcpu);
	/* What was not served would ask again at once, for ever: so it may not ask any more. */
	misr = hw.is_v3 ? (uint32_t)READ_SYSREG(ICH_MISR_EL2) : mmio_read32(hw.gich + GICH_MISR);
	if (unlikely(misr & ~BIT32(0)))
		write_hcr(read_hcr() & (HCR_V_EN | HCR_V_LRENPIE | HCR_V_TRAPS |
					   HCR_V_TDIR));
}

/* --- finding it at boot ---------------------------------------------------------- */

/*
 * A page range of the GIC's node that is to be mapped. On systems of 64 KiB pages each of its
 * pages is repeated 16 times; where two of them meet they lie side by side.
 */
static bool find_pages(struct dt_node *node, unsigned n, uint64_t *pa, uint64_t *size)
{
	if (dt_reg(node, n, pa, size) || !IS_ALIGNED(*pa, (uint64_t)PAGE_SIZE))
		return false;
	if (*size >= 0x20000)
		*pa += 0xf000;
	*size = 2 * PAGE_SIZE;
	return true;
}

static void setup_v3(struct dt_node *node)
{
	uint32_t vtr = (uint32_t)READ_SYSREG(ICH_VTR_EL2);
	uint32_t regions = dt_u32_or(node, "#redistributor-regions", 1);
	unsigned prebits = (vtr >> 26 & 7) + 1;
	uint64_t sre;

	hw.is_v3 = true;
	caps.slots = MIN_T(unsigned, (vtr & 0x1f) + 1, VINTC_SLOTS_MAX);
	caps.prio_bits = (vtr >> 29 & 7) + 1;
	caps.gicv3_cpuif = true;
	hw.can_trap_dir = vtr & VTR_TDS;
	hw.nr_aprs = prebits > 6 ? 4 : prebits > 5 ? 2 : 1;

	/* Is there a GICv2 mode for guests? Then ICC_SRE_EL1 takes a zero (IHI 0069, 12.2.24). */
	sre = READ_SYSREG(ICC_SRE_EL1);
	WRITE_SYSREG(ICC_SRE_EL1, 0);
	isb();
	hw.sre_switchable = !(READ_SYSREG(ICC_SRE_EL1) & ICC_SRE_SRE);
	WRITE_SYSREG(ICC_SRE_EL1, sre);
	isb();
	/* reg: distributor, redistributors, GICC, GICH, GICV */
	caps.gicv2_cpuif = hw.sre_switchable &&
			   find_pages(node, regions + 3, &caps.gicv_hpa, &caps.gicv_size);
}

static void setup_v2(struct dt_node *node)
{
	uint64_t pa, size;
	uint32_t vtr;

	/* reg: distributor, GICC, GICH, GICV */
	if (dt_reg(node, 2, &pa, &size) || size < PAGE_SIZE ||
	    !find_pages(node, 3, &caps.gicv_hpa, &caps.gicv_size)) {
		log_warn("the GICv2 has no virtual CPU interface: guests' interrupts are emulated");
		return;
	}
	hw.gich = mem_map_device(pa, PAGE_SIZE);
	if (!hw.gich) {
		log_warn("no room to map the GICv2's virtual CPU interface: guests' interrupts are "
			 "emulated");
		return;
	}
	vtr = mmio_read32(hw.gich + GICH_VTR);
	caps.slots = MIN_T(unsigned, (vtr & 0x3f) + 1, VINTC_SLOTS_MAX);
	caps.prio_bits = 5;
	caps.gicv2_cpuif = true;
	hw.nr_aprs = 1;
}

cold_fn void arch_vintc_setup(void)
{
	struct dt_node *node = irqchip_root_node();
	int irq;

	if (!node)
		return;
	if (dt_compatible(node, "arm,gic-v3"))
		setup_v3(node);
	else
		setup_v2(node);
	if (!caps.slots)
		return;
	hw.slots_mask = BIT32(caps.slots) - 1;
	irq = irq_request_node(node, 0, "guest interrupt upkeep", maintenance, NULL);
	if (irq >= 0)
		return;
	hw.slots_mask = 0;
	log_warn("no maintenance interrupt of the GIC (%s): guests' interrupts are emulated",
		 error_text(irq));
	caps.slots = 0;
	caps.gicv2_cpuif = false;
	caps.gicv3_cpuif = false;
}
