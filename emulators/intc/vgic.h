/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of a guest's interrupt controller (GICv2, Arm IHI 0048B; GICv3, IHI 0069), shared by
 * the register faces, the list registers ("slots") and the CPU interface in software.
 *
 * One spin lock, vgic.lock, guards everything here but what says otherwise; it is taken with IRQs
 * masked and before locks of the scheduler. State is kept in banks of 32 interrupts, a bit each,
 * so that a register is a word and no list is ever walked. For an interrupt that a slot holds
 * (bank.held) the slot is right about pending and active; for all others memory is.
 */
#pragma once

#include <core/cpu.h>
#include <core/emu.h>
#include <core/thread.h>
#include <core/vcpu.h>
#include <core/vintc.h>
#include <libs/bits.h>

struct shell_out;

#define VGIC_SGIS	16	/**< software-generated interrupts: INTID 0 ... 15 */
#define VGIC_PRIVATE	32	/**< they and a vCPU's own (PPIs): INTID 0 ... 31 */
#define VGIC_IRQS_MAX	1020	/**< INTIDs from here on are special */
#define VGIC_SLOTS_MAX	16
#define VGIC_LPI_FIRST	8192	/**< LPIs: interrupts by messages, GICv3 only */
#define VGIC_LPI_BANK	(VGIC_LPI_FIRST / 32)
#define VGIC_LPI_GROUP	8	/**< banks of a bit of vgic_cpu.lpi_hint */
#define VGIC_VCPUS_MAX	64	/**< bits of a mask of vCPUs */
#define VGIC_V2_VCPUS_MAX 8
#define VGIC_NOWHERE	0xff	/**< target: a CPU that does not exist */
#define VGIC_PRIO_MASK	0xf8	/**< implemented priority bits */
#define VGIC_WAKER_ASLEEP 6	/**< GICR_WAKER: processor and children sleep */
#define VGIC_IMPLEMENTER 0x43b	/**< IIDR: Arm */
/** With five bits of priority: no finer split of group and subpriority than all bits. */
#define VGIC_BPR_MIN	 2u
/** vgic_cpuif.ctlr: group 0 is FIQ; one binary point for both; deactivation is separate. */
#define VGIC_CPUIF_FIQEN   BIT32(3)
#define VGIC_CPUIF_CBPR	   BIT32(4)
#define VGIC_CPUIF_EOIMODE BIT32(9)

/** 32 interrupts: a vCPU's private ones (bank 0), shared ones (from 1), LPIs (from 256). */
struct vgic_bank {
	uint32_t enabled;
	uint32_t latch;	 /* pending by itself: an edge, a software-generated one, ISPENDR */
	uint32_t line;	 /* level of the input */
	uint32_t edge;	 /* configured as edge-triggered */
	uint32_t group;	 /* group 1 */
	uint32_t active; /* and in no slot */
	uint32_t held;	 /* in a slot of a loaded vCPU */
	uint32_t pulsed; /* level, held: pulsed since it was put there, the latch of next time */
	uint32_t forced; /* active by ISACTIVER: no end of interrupt belongs to it */
	uint8_t prio[32];
	uint8_t act_prio[32]; /* active and in no slot: the priority with which it was taken */
	union {
		uint8_t target[32];  /* shared: number of the vCPU that it goes to */
		uint8_t senders[32]; /* GICv2 SGI: vCPUs that have it pending here, a bit each */
	};
	union {
		uint8_t owner[32];  /* shared, active or held: by which vCPU */
		uint8_t sender[32]; /* GICv2 SGI, active: who sent it */
	};
};

/** The CPU interface where no hardware gives one; see vgic_cpuif.c. */
struct vgic_cpuif {
	uint32_t ctlr; /* as GICC_CTLR, also for GICv3 */
	uint32_t pmr;
	uint32_t bpr, abpr; /* of group 0, of group 1 */
	uint32_t apr[2]; /* active priorities of group 0 and 1, a bit for each of 32 levels */
	bool irq, fiq;	 /* lines as they are */
};

/** A vCPU's part. */
struct vgic_cpu {
	struct vgic *gic;
	struct vcpu *vcpu;
	uint32_t used;	    /* slots that hold something as far as known; others only look */
	uint32_t hw_slots;  /* of these: linked to the host's interrupt */
	uint32_t act_slots; /* of these: put there active, so the latch is a new one */
	uint32_t hint;	    /* banks that may have something ready for this vCPU */
	uint32_t act_hint;  /* banks that may have something active on it that is in no slot */
	uint32_t lpi_hint;  /* groups of banks of LPIs, as hint; 0 while LPIs are off */
	uint32_t linked;    /* private interrupts that come from a host interrupt */
	uint32_t hw_active; /* of these: the host's is active until our guest ends it */
	uint32_t hw_drop;   /* of these: to be deactivated when this vCPU looks next */
	union {
		struct {
			bool recheck;	/* something changed for what is in a slot */
			bool overflow;	/* more ready than slots: service is asked for */
			bool dir_trapped; /* GICv3: separate deactivations come to us */
			uint8_t frozen; /* so many others want nothing to be in slots now */
		};
		uint32_t rare;		/* none of these: the short ways are right */
	};
	bool loaded;	    /* on some CPU */
	uint8_t id;
	uint8_t waker;	    /* GICR_WAKER */
	bool lpis_on;	    /* GICR_CTLR.EnableLPIs */
	uint64_t pendbase;  /* GICR_PENDBASER; lpi_mutex */
	uint64_t to_self;   /* GICv3: the targets of ICC_SGI1R that are this vCPU alone */
	uint8_t priv_slot[VGIC_PRIVATE];      /* private interrupt that is held: its slot */
	uint16_t slot_irq[VGIC_SLOTS_MAX];
	uint64_t again[VGIC_SLOTS_MAX];	      /* see vgic_again() */
	uint16_t hwirq[VGIC_PRIVATE - VGIC_SGIS];
	struct vgic_bank priv;
	struct vgic_cpuif cpuif;
};

struct vgic {
	spinlock_t lock;
	uint32_t group_on[2];	/* all ones where GICD_CTLR enables the group */
	uint32_t slots_mask;
	uint32_t typer;		/* GICD_TYPER */
	uint8_t version;	/* 2 or 3 */
	uint8_t mode;		/* enum vintc_mode */
	uint8_t nr_slots;
	uint8_t nr_banks;
	uint16_t nr_irqs;
	uint16_t waiters;	/* of drained */
	unsigned nr_vcpus;
	struct guest *guest;
	struct emu_dev *dist;
	struct vgic_bank *spi;	/* bank n is spi[n - 1] */
	uint32_t *route;	/* GICv3: GICD_IROUTER as Aff3.2.1.0; NULL with GICv2 */
	uint8_t *targets;	/* GICv2: GICD_ITARGETSR; NULL with GICv3 */
	struct waitq drained;	/* a frozen vCPU has emptied its slots */
	/* LPIs: vgic_lpi.c */
	bool has_lpis;		/* the guest has an ITS */
	struct mutex lpi_mutex; /* switching them on and off */
	uint64_t propbase;	/* GICR_PROPBASER, of all redistributors; lpi_mutex */
	struct vgic_bank **lpi_banks; /* VGIC_LPI_BANKS, each NULL before its first use */
	struct vgic_cpu cpus[];
};

/* --- inline: on the path of each exit ----------------------------------------------- */

/** Has the guest an ITS? Without one there are no LPIs. */
static inline bool vgic_has_lpis(const struct vgic *g)
{
	return IS_ENABLED(CONFIG_EMU_GICV3_ITS) && g->has_lpis;
}

/** Groups of banks of LPIs in which something may be ready; 0: none is. */
static inline uint32_t vgic_lpi_hint(const struct vgic_cpu *c)
{
	return IS_ENABLED(CONFIG_EMU_GICV3_ITS) ? c->lpi_hint : 0;
}

/** The bank n, below nr_banks or of LPIs in use, as a vCPU sees it. */
static inline struct vgic_bank *vgic_bank(struct vgic *g, struct vgic_cpu *c, unsigned n)
{
	if (likely(!n))
		return &c->priv;
	if (!IS_ENABLED(CONFIG_EMU_GICV3_ITS) || likely(n < VGIC_LPI_BANK))
		return &g->spi[n - 1];
	return g->lpi_banks[n - VGIC_LPI_BANK];
}

/** Bank n may have something ready for c. Lock held. */
static inline void vgic_hint(struct vgic_cpu *c, unsigned n)
{
	if (likely(n < VGIC_LPI_BANK))
		c->hint |= BIT32(n);
	else if (c->lpis_on)
		c->lpi_hint |= BIT32((n - VGIC_LPI_BANK) / VGIC_LPI_GROUP);
}

/** INTIDs of bank n that exist. */
static inline uint32_t vgic_valid(unsigned n)
{
	return n == VGIC_IRQS_MAX / 32 ? BIT32(VGIC_IRQS_MAX % 32) - 1 : UINT32_MAX;
}

/** Interrupts that are pending in memory. */
static inline uint32_t vgic_pending_word(const struct vgic_bank *b)
{
	return b->latch | (b->line & ~b->edge);
}

/** Interrupts that are to be put before a CPU. */
static inline uint32_t vgic_ready(const struct vgic *g, const struct vgic_bank *b)
{
	return vgic_pending_word(b) & b->enabled & ~(b->active | b->held) &
	       ((b->group & g->group_on[1]) | (~b->group & g->group_on[0]));
}

/** Is the vCPU's state in this CPU? IRQs masked. */
static inline bool vgic_is_local(const struct vgic_cpu *c)
{
	return c->loaded && this_cpu()->loaded == c->vcpu;
}

/**
 * A private interrupt's slot from the last time, which may be used again as it was: it was put
 * there pending, nothing about it has changed since (that would have emptied it, or be told in
 * rare), and its end was not to be announced. Lock held.
 *
 * @return what to put into slot *s; 0: it takes the long way
 */
static inline uint64_t vgic_again(const struct vgic_cpu *c, unsigned i, unsigned *s)
{
	if (unlikely(c->rare || !(c->priv.held >> i & 1)))
		return 0;
	*s = c->priv_slot[i];
	return c->again[*s];
}

static inline struct vgic_cpu *vgic_cpu_of(const struct vcpu *vcpu)
{
	return vcpu->vintc_priv;
}

static inline struct vgic *vgic_of(const struct emu_dev *dev)
{
	return dev->guest->vintc_priv;
}

/** The vCPU's part for an access; vCPU 0 for the hypervisor's own. */
static inline struct vgic_cpu *vgic_accessor(struct vgic *g, const struct emu_access *acc)
{
	return likely(acc->vcpu) ? vgic_cpu_of(acc->vcpu) : &g->cpus[0];
}

/* --- vgic.c: life and the state machine --------------------------------------------- */

/** What a distributor asks for at its probe. */
struct vgic_config {
	unsigned version;
	enum vintc_mode mode;
};

/** Make the controller of dev->guest. Thread context. @return 0 or negative errno, logged */
must_check int vgic_create(struct emu_dev *dev, const struct vgic_config *config);
void vgic_destroy(struct emu_dev *dev);
void vgic_reset(struct emu_dev *dev);
/** Number of interrupts for a distributor's node. @return 0 when `num_irq` is out of range */
unsigned vgic_irqs_of(const struct dt_node *node, unsigned guest_irqs);
/** Check of a distributor's node; the same for both versions. */
unsigned vgic_check_dist(const struct dt_node *node, const char *path, struct shell_out *out);

/**
 * Something changed for interrupts of bank n (of c, where n is 0): those that are ready now, and
 * those in a slot, are looked at. Lock held.
 */
void vgic_notify(struct vgic *g, struct vgic_cpu *c, unsigned n, uint32_t bits);
/** Let a vCPU look at its state: at once if it is loaded here, else before it enters. Lock held. */
void vgic_update(struct vgic_cpu *c);
/** Make an SGI pending. @param sender GICv2: number of the vCPU. Lock held. */
void vgic_send_sgi(struct vgic_cpu *to, unsigned irq, unsigned sender);
/** An interrupt that is active in memory ends. Lock held. */
void vgic_deactivate(struct vgic_cpu *c, unsigned n, struct vgic_bank *b, unsigned i);
/** A private interrupt is not wanted any more: the host's, if linked, may come again. Lock held. */
void vgic_release_hw(struct vgic_cpu *c, unsigned i);
/** All banks, as a hint. */
static inline uint32_t vgic_all_banks(const struct vgic *g)
{
	return UINT32_MAX >> (32 - g->nr_banks);
}

/* --- vgic_slots.c ------------------------------------------------------------------- */

/** Bring the slots of the loaded vCPU up to date. Lock held. */
void vgic_flush(struct vgic_cpu *c);
/** A ready private interrupt into a slot of the loaded vCPU. Lock held. @return false: no room */
bool vgic_offer(struct vgic_cpu *c, unsigned i);
/** Empty all slots of the loaded vCPU into memory. Lock held. */
void vgic_unload(struct vgic_cpu *c);
/** vintc_ops; IRQs masked, vCPU loaded here. */
void vgic_op_maintenance(struct vcpu *vcpu);
bool vgic_op_pending(struct vcpu *vcpu);
void vgic_op_linked(struct vcpu *vcpu, unsigned virq, unsigned hwirq);
void vgic_op_save(struct vcpu *vcpu);
void vgic_op_load(struct vcpu *vcpu);
void vgic_op_dir(struct vcpu *vcpu, uint64_t value);

/* --- vgic_regs.c: what the registers of both versions do ---------------------------- */

/**
 * An access that needs the true state of interrupts which may be in slots, also in those of other
 * vCPUs. Thread context.
 */
struct vgic_op {
	struct vgic *gic;
	unsigned long flags;
	uint64_t frozen;   /* vCPUs that put nothing into slots until the end */
	uint64_t deadline; /* of waiting for them; 0: it did not begin */
};
/** Take the lock. */
void vgic_op_begin(struct vgic_op *op, struct vgic *g);
/** Interrupts of a bank (of c) come out of slots. May give up the lock and sleep a short time. */
void vgic_op_claim(struct vgic_op *op, struct vgic_cpu *c, unsigned n, uint32_t bits);
/** The same for all of all vCPUs. */
void vgic_op_claim_all(struct vgic_op *op);
/** Put back into slots what belongs there, and give up the lock. */
void vgic_op_end(struct vgic_op *op);

/** Registers of a bit for each interrupt; n is the bank (any number), c the vCPU of bank 0. */
enum vgic_word { VGIC_ENABLED, VGIC_PENDING, VGIC_ACTIVE, VGIC_GROUP };
uint32_t vgic_read_word(struct vgic *g, struct vgic_cpu *c, unsigned n, enum vgic_word which);
void vgic_set_enabled(struct vgic *g, struct vgic_cpu *c, unsigned n, uint32_t bits);
void vgic_clear_enabled(struct vgic *g, struct vgic_cpu *c, unsigned n, uint32_t bits);
void vgic_set_pending(struct vgic *g, struct vgic_cpu *c, unsigned n, uint32_t bits);
void vgic_clear_pending(struct vgic *g, struct vgic_cpu *c, unsigned n, uint32_t bits);
void vgic_set_active(struct vgic *g, struct vgic_cpu *c, unsigned n, uint32_t bits);
void vgic_clear_active(struct vgic *g, struct vgic_cpu *c, unsigned n, uint32_t bits);
void vgic_write_group(struct vgic *g, struct vgic_cpu *c, unsigned n, uint32_t value);
/** Priorities of size interrupts from irq on, a byte each. */
uint64_t vgic_read_prio(struct vgic *g, struct vgic_cpu *c, unsigned irq, unsigned size);
void vgic_write_prio(struct vgic *g, struct vgic_cpu *c, unsigned irq, unsigned size,
		     uint64_t value);
/** Trigger configuration: register n of 16 interrupts of 2 bits. */
uint32_t vgic_read_config(struct vgic *g, struct vgic_cpu *c, unsigned n);
void vgic_write_config(struct vgic *g, struct vgic_cpu *c, unsigned n, uint32_t value);
/** GICD_CTLR's enables of group 0 (bit 0) and 1 (bit 1). */
uint32_t vgic_read_groups_on(const struct vgic *g);
void vgic_write_groups_on(struct vgic *g, uint32_t value);
/** A shared interrupt goes to another vCPU (VGIC_NOWHERE: none). Lock held. */
void vgic_route(struct vgic *g, unsigned irq, unsigned target);

/* --- vgic_dist.c: registers at the same place in all distributors and redistributors --- */

/** Where they are, as offsets: groups, enables, pending, active, priorities; and configuration. */
#define VGIC_BITS_FIRST	  0x080
#define VGIC_BITS_END	  0x800
#define VGIC_CONFIG_FIRST 0xc00
#define VGIC_CONFIG_END	  0xd00
static inline bool vgic_is_common(uint64_t offset)
{
	return offset - VGIC_BITS_FIRST < VGIC_BITS_END - VGIC_BITS_FIRST ||
	       offset - VGIC_CONFIG_FIRST < VGIC_CONFIG_END - VGIC_CONFIG_FIRST;
}
/** What a frame of registers shows. */
struct vgic_frame {
	struct vgic_cpu *c;   /**< whose private interrupts are bank 0 */
	uint8_t first, last;  /**< banks that are there; others read as zero and ignore writes */
};
/** Serve one of them. @param offset from the start of the frame */
enum emu_result vgic_common_access(struct emu_dev *dev, struct emu_access *acc, uint64_t offset,
				   const struct vgic_frame *frame);
/** State of all interrupts as text. */
void vgic_show(struct emu_dev *dev, struct shell_out *out);

/* --- gicv3.c ------------------------------------------------------------------------ */

void gicv3_op_sgi(struct vcpu *vcpu, unsigned group, uint64_t value);
/** The targets of ICC_SGI1R that are vCPU id alone. */
uint64_t gicv3_to_self(unsigned id);
