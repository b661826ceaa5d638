/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * LPIs: interrupts from 8192 on that are made by messages (IHI 0069, 5). They are banks like those
 * of other interrupts, made when an LPI in them is first used, and go the same way into list
 * registers or to the CPU interface in software. They are edges of group 1 without an active state.
 *
 * The guest keeps priority and enable of each in a table in its memory, of which the bank is the
 * cached copy, renewed by the ITS's commands INV and INVALL; a table of each redistributor takes
 * what is pending while its LPIs are switched off. vgic.lock guards the banks; tables are read and
 * written without it.
 */
#include "vgic_lpi.h"

#include <core/mem.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/string.h>

#define TYPER_LPIS     BIT32(17)
#define TYPER_ID_BITS  GENMASK(23, 19)
#define CONFIG_ENABLE  1u
#define PROP_IDBITS    GENMASK(4, 0)
#define PROP_ADDR      GENMASK(47, 12)
/* Cacheability and shareability are kept for who reads them back. */
#define PROP_WRITABLE  (GENMASK(58, 56) | PROP_ADDR | GENMASK(11, 7) | PROP_IDBITS)
#define PEND_ADDR      GENMASK(47, 16)
#define PEND_PTZ       BIT(62) /* the table is all zeros */
#define PEND_WRITABLE  (GENMASK(58, 56) | PEND_ADDR | GENMASK(11, 7) | PEND_PTZ)
/* Pending bits of the LPIs are behind those of numbers that are none. */
#define PEND_FIRST     (VGIC_LPI_FIRST / 8)

_Static_assert((1 << VGIC_LPI_ID_BITS) == VGIC_LPI_FIRST + VGIC_LPI_BANKS * 32, "all LPIs");

static struct vgic_bank *bank_of(const struct vgic *g, unsigned lpi)
{
	return g->lpi_banks ? g->lpi_banks[lpi / 32 - VGIC_LPI_BANK] : NULL;
}

unsigned vgic_lpi_end(const struct vgic *g)
{
	unsigned bits = (unsigned)(READ_ONCE(g->propbase) & PROP_IDBITS) + 1;

	return 1u << MIN(bits, (unsigned)VGIC_LPI_ID_BITS);
}

/* --- going to vCPUs: lock held ---------------------------------------------------------- */

unsigned vgic_lpi_next(struct vgic_cpu *c, unsigned n)
{
	struct vgic_bank *const *banks = c->gic->lpi_banks;
	unsigned k = n ? n - VGIC_LPI_BANK + 1 : 0;

	if (!banks)
		c->lpi_hint = 0;
	while (k < VGIC_LPI_BANKS) {
		uint32_t hint = c->lpi_hint >> k / VGIC_LPI_GROUP;

		if (!hint)
			return 0;
		if (!(hint & 1)) {
			k = (k / VGIC_LPI_GROUP + ctz32(hint)) * VGIC_LPI_GROUP;
			continue;
		}
		if (banks[k] && vgic_ready(c->gic, banks[k]))
			return VGIC_LPI_BANK + k;
		k++;
	}
	return 0;
}

/* --- banks: thread context -------------------------------------------------------------- */

/** Make the bank of an LPI. Lock not held. @return 0 or -ENOMEM */
static int make_bank(struct vgic *g, unsigned lpi)
{
	unsigned k = lpi / 32 - VGIC_LPI_BANK;
	struct vgic_bank **banks = NULL, *bank = NULL;
	unsigned long flags;

	if (!READ_ONCE(g->lpi_banks)) {
		banks = heap_calloc(VGIC_LPI_BANKS, sizeof(*banks));
		if (!banks)
			return -ENOMEM;
	}
	bank = heap_zalloc(sizeof(*bank));
	if (!bank) {
		heap_free(banks);
		return -ENOMEM;
	}
	bank->edge = UINT32_MAX;
	bank->group = UINT32_MAX;
	memset(bank->target, VGIC_NOWHERE, sizeof(bank->target));
	flags = spin_lock_irqsave(&g->lock);
	if (!g->lpi_banks) {
		g->lpi_banks = banks;
		banks = NULL;
	}
	if (!g->lpi_banks[k]) {
		g->lpi_banks[k] = bank;
		bank = NULL;
	}
	spin_unlock_irqrestore(&g->lock, flags);
	/* Of two who made the same at once, one was late. */
	heap_free(banks);
	heap_free(bank);
	return 0;
}

/** Take over what the table in memory says of count LPIs of one bank, from lpi on. */
static void read_config(struct vgic *g, unsigned lpi, unsigned count)
{
	gpa_t table = READ_ONCE(g->propbase) & PROP_ADDR;
	struct vgic_bank *b = bank_of(g, lpi);
	unsigned i = lpi % 32, k;
	unsigned long flags;
	uint8_t config[32];

	if (!b || guest_mem_read(g->guest, table + lpi - VGIC_LPI_FIRST, config, count))
		return;
	flags = spin_lock_irqsave(&g->lock);
	for (k = 0; k < count; k++) {
		uint32_t bit = BIT32(i + k);

		b->prio[i + k] = config[k] & VGIC_PRIO_MASK;
		b->enabled = (b->enabled & ~bit) | (config[k] & CONFIG_ENABLE ? bit : 0);
	}
	vgic_notify(g, NULL, lpi / 32, (uint32_t)GENMASK(i + count - 1, i));
	spin_unlock_irqrestore(&g->lock, flags);
}

/** Nothing of these is pending any more, wherever it was. */
static void forget(struct vgic *g, unsigned n, uint32_t bits)
{
	struct vgic_op op;

	vgic_op_begin(&op, g);
	vgic_op_claim(&op, NULL, n, bits);
	vgic_bank(g, NULL, n)->latch &= ~bits;
	vgic_notify(g, NULL, n, bits);
	vgic_op_end(&op);
}

/* --- for the ITS ------------------------------------------------------------------------ */

int vgic_lpi_map(struct vgic *g, unsigned lpi, unsigned vcpu)
{
	int err = bank_of(g, lpi) ? 0 : make_bank(g, lpi);

	if (err)
		return err;
	vgic_lpi_route(g, lpi, vcpu);
	read_config(g, lpi, 1);
	return 0;
}

void vgic_lpi_unmap(struct vgic *g, unsigned lpi)
{
	if (bank_of(g, lpi))
		forget(g, lpi / 32, BIT32(lpi % 32));
	vgic_lpi_route(g, lpi, VGIC_NOWHERE);
}

void vgic_lpi_route(struct vgic *g, unsigned lpi, unsigned vcpu)
{
	struct vgic_bank *b = bank_of(g, lpi);
	unsigned long flags;
	unsigned old;

	if (!b)
		return;
	flags = spin_lock_irqsave(&g->lock);
	old = b->target[lpi % 32];
	if (old != vcpu) {
		b->target[lpi % 32] = (uint8_t)vcpu;
		vgic_notify(g, NULL, lpi / 32, BIT32(lpi % 32));
		if (g->mode == VINTC_NONE && old < g->nr_vcpus)
			vgic_update(&g->cpus[old]);
	}
	spin_unlock_irqrestore(&g->lock, flags);
}

void vgic_lpi_move_all(struct vgic *g, unsigned from, unsigned to)
{
	unsigned k, i;

	for (k = 0; g->lpi_banks && k < VGIC_LPI_BANKS; k++)
		for (i = 0; g->lpi_banks[k] && i < 32; i++)
			if (g->lpi_banks[k]->target[i] == from)
				vgic_lpi_route(g, VGIC_LPI_FIRST + k * 32 + i, to);
}

void vgic_lpi_pend(struct vgic *g, unsigned lpi)
{
	uint32_t bit = BIT32(lpi % 32);
	unsigned long flags = spin_lock_irqsave(&g->lock);
	struct vgic_bank *b = bank_of(g, lpi);

	if (likely(b && !(b->latch & bit))) {
		b->latch |= bit;
		vgic_notify(g, NULL, lpi / 32, bit);
	}
	spin_unlock_irqrestore(&g->lock, flags);
}

void vgic_lpi_clear(struct vgic *g, unsigned lpi)
{
	if (bank_of(g, lpi))
		forget(g, lpi / 32, BIT32(lpi % 32));
}

void vgic_lpi_renew(struct vgic *g, unsigned lpi)
{
	read_config(g, lpi, 1);
}

void vgic_lpi_renew_all(struct vgic *g)
{
	unsigned end = vgic_lpi_end(g), lpi;

	for (lpi = VGIC_LPI_FIRST; lpi < end; lpi += 32)
		if (bank_of(g, lpi))
			read_config(g, lpi, 32);
}

/* --- switching them on and off: thread context ------------------------------------------ */

/** What the redistributor's table has pending. */
static void load_pending(struct vgic *g, struct vgic_cpu *c)
{
	gpa_t table = c->pendbase & PEND_ADDR;
	unsigned end = vgic_lpi_end(g), lpi;
	uint32_t left;
	uint8_t word[4];

	for (lpi = VGIC_LPI_FIRST; lpi < end; lpi += 32) {
		if (guest_mem_read(g->guest, table + lpi / 8, word, sizeof(word)))
			return;
		left = get_le32(word);
		if (!left || (!bank_of(g, lpi) && make_bank(g, lpi)))
			continue;
		for (; left; left &= left - 1)
			vgic_lpi_route(g, lpi + ctz32(left), c->id);
		read_config(g, lpi, 32);
		for (left = get_le32(word); left; left &= left - 1)
			vgic_lpi_pend(g, lpi + ctz32(left));
	}
}

/** Bits of a bank that go to a vCPU. */
static uint32_t bits_of(const struct vgic_bank *b, const struct vgic_cpu *c)
{
	uint32_t bits = 0;
	unsigned i;

	for (i = 0; i < 32; i++)
		bits |= b->target[i] == c->id ? BIT32(i) : 0;
	return bits;
}

/** What is pending goes into the table; nothing is offered to the vCPU any more. */
static void store_pending(struct vgic *g, struct vgic_cpu *c)
{
	gpa_t table = c->pendbase & PEND_ADDR;
	unsigned end = vgic_lpi_end(g), lpi;

	for (lpi = VGIC_LPI_FIRST; lpi < end; lpi += 32) {
		struct vgic_bank *b = bank_of(g, lpi);
		struct vgic_op op;
		uint8_t word[4];
		uint32_t bits, pending;

		if (!b || guest_mem_read(g->guest, table + lpi / 8, word, sizeof(word)))
			continue;
		vgic_op_begin(&op, g);
		bits = bits_of(b, c);
		vgic_op_claim(&op, c, lpi / 32, bits);
		pending = b->latch & bits;
		b->latch &= ~bits;
		vgic_op_end(&op);
		put_le32(word, (get_le32(word) & ~bits) | pending);
		if (guest_mem_write(g->guest, table + lpi / 8, word, sizeof(word)))
			return;
	}
}

static void switch_lpis(struct vgic *g, struct vgic_cpu *c, bool on)
{
	unsigned long flags = spin_lock_irqsave(&g->lock);

	c->lpis_on = on;
	c->lpi_hint = on ? UINT32_MAX : 0;
	spin_unlock_irqrestore(&g->lock, flags);
	if (!on)
		store_pending(g, c);
	else if (!(c->pendbase & PEND_PTZ))
		load_pending(g, c);
	if (!on)
		return;
	/* Also what was pending before. */
	flags = spin_lock_irqsave(&g->lock);
	c->lpi_hint = UINT32_MAX;
	vgic_update(c);
	spin_unlock_irqrestore(&g->lock, flags);
}

cold_fn void vgic_lpi_write_ctlr(struct vgic_cpu *c, uint32_t value)
{
	struct vgic *g = c->gic;
	bool on = value & VGIC_RCTLR_LPIS;

	if (!vgic_has_lpis(g))
		return;
	mutex_lock(&g->lpi_mutex);
	if (on != c->lpis_on)
		switch_lpis(g, c, on);
	mutex_unlock(&g->lpi_mutex);
}

uint32_t vgic_lpi_read_ctlr(const struct vgic_cpu *c)
{
	if (!vgic_has_lpis(c->gic))
		return 0;
	return VGIC_RCTLR_CES | (READ_ONCE(c->lpis_on) ? VGIC_RCTLR_LPIS : 0);
}

uint64_t vgic_lpi_read_base(const struct vgic_cpu *c, bool pend)
{
	/* That the table was zero is told, not asked. */
	return pend ? c->pendbase & ~PEND_PTZ : c->gic->propbase;
}

void vgic_lpi_write_base(struct vgic_cpu *c, bool pend, uint64_t value)
{
	struct vgic *g = c->gic;
	bool on = false;
	unsigned i;

	if (!vgic_has_lpis(g))
		return;
	mutex_lock(&g->lpi_mutex);
	/* Not while they are in use; the table of properties is everybody's. */
	for (i = 0; i < g->nr_vcpus; i++)
		on = on || (g->cpus[i].lpis_on && (!pend || &g->cpus[i] == c));
	if (!on && pend)
		c->pendbase = value & PEND_WRITABLE;
	else if (!on)
		WRITE_ONCE(g->propbase, value & PROP_WRITABLE);
	mutex_unlock(&g->lpi_mutex);
}

/* --- life ------------------------------------------------------------------------------- */

void vgic_lpi_enable(struct vgic *g)
{
	g->has_lpis = true;
	g->typer = (g->typer & ~TYPER_ID_BITS) | TYPER_LPIS |
		   (uint32_t)FIELD_PREP(TYPER_ID_BITS, VGIC_LPI_ID_BITS - 1);
}

void vgic_lpi_reset(struct vgic *g)
{
	struct vgic_bank **banks;
	unsigned long flags = spin_lock_irqsave(&g->lock);
	unsigned i;

	banks = g->lpi_banks;
	g->lpi_banks = NULL;
	g->propbase = 0;
	for (i = 0; i < g->nr_vcpus; i++) {
		g->cpus[i].lpis_on = false;
		g->cpus[i].lpi_hint = 0;
		g->cpus[i].pendbase = 0;
	}
	spin_unlock_irqrestore(&g->lock, flags);
	for (i = 0; banks && i < VGIC_LPI_BANKS; i++)
		heap_free(banks[i]);
	heap_free(banks);
}
