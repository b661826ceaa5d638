/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The GIC against a model that is only what the specification says: no slots, no banks, one
 * structure for each interrupt of each vCPU. Both get the same random events; what the guest
 * takes has to be what the model would give it: nothing lost, nothing twice, the most urgent
 * first.
 */
#include "vgic_world.h"

#include <stdio.h>
#include <string.h>

#include <libs/bits.h>

#include "unit.h"

#define IRQS  96u
#define STACK 32

struct model_irq {
	bool enabled, latch, line, edge, group, active;
	bool host; /* timer: the host's interrupt is active */
	unsigned prio;
	unsigned target;  /* shared */
	unsigned senders; /* GICv2 SGI */
	unsigned sender;  /* of the active one */
};

static struct model_irq shared[IRQS];
static struct model_irq private[4][32];
static struct {
	unsigned irq, prio;
} stack[4][STACK];
static unsigned depth[4], pmr[4], groups_on;
/* Separate deactivation: what has had its priority drop, and is still active. */
static unsigned dropped[4][STACK], nr_dropped[4];
static bool split;
static struct vw_config config;

static struct model_irq *of(unsigned v, unsigned irq)
{
	return irq < 32 ? &private[v][irq] : &shared[irq];
}

static bool is_timer(unsigned irq)
{
	return irq == 27 || irq == 30;
}

static bool pending(const struct model_irq *m)
{
	return m->latch || (m->line && !m->edge);
}

static bool ready(unsigned v, unsigned irq)
{
	const struct model_irq *m = of(v, irq);

	return pending(m) && m->enabled && !m->active && groups_on >> m->group & 1 &&
	       (irq < 32 || m->target == v);
}

static unsigned best_prio(unsigned v)
{
	unsigned best = 0x100, irq;

	for (irq = 0; irq < IRQS; irq++) {
		if (ready(v, irq) && of(v, irq)->prio < best)
			best = of(v, irq)->prio;
	}
	return best;
}

static unsigned running(unsigned v)
{
	return depth[v] ? stack[v][depth[v] - 1].prio : 0x100;
}

/* --- events, to both ---------------------------------------------------------------- */

/* A timer's output: the host's interrupt comes unless it is active; the guest's is pending then. */
static bool timer_out[4][2];

static void model_timers(unsigned v)
{
	unsigned t;

	for (t = 0; t < 2; t++) {
		struct model_irq *m = &private[v][t ? 30 : 27];

		if (!vw_loaded(v) || !timer_out[v][t] || m->host)
			continue;
		m->host = true;
		if (!m->active)
			m->latch = true;
	}
}

static unsigned any_loaded(void)
{
	unsigned v;

	do {
		v = (unsigned)unit_random_below(config.vcpus);
	} while (!vw_loaded(v));
	return v;
}

static void settle_all(void)
{
	unsigned round, v;

	for (round = 0; round < 2; round++) {
		for (v = 0; v < config.vcpus; v++) {
			if (!vw_loaded(v))
				continue;
			vw_settle(v);
			model_timers(v);
		}
	}
}

static unsigned random_irq(void)
{
	/* Often few of them, so that they meet. */
	return (unsigned)unit_random_below(unit_random_below(3) ? 40 : IRQS);
}

static void by_mask(unsigned v, unsigned irq, uint64_t offset)
{
	uint32_t bit = BIT32(irq % 32);

	if (irq < 32)
		vw_pw(v, offset, bit);
	else
		vw_write(v, vw_dist(), offset + irq / 32 * 4, 4, bit);
}

static void ev_enable(unsigned v, unsigned irq, bool on)
{
	struct model_irq *m = of(v, irq);

	by_mask(v, irq, on ? 0x100 : 0x180);
	if (config.version == 2 && irq < 16)
		return;
	/* A linked interrupt that waited is as its timer is now. */
	if (on && !m->enabled && m->host && m->latch && !m->active)
		m->host = m->latch = false;
	m->enabled = on;
}

static void ev_pend(unsigned v, unsigned irq, bool on)
{
	struct model_irq *m = of(v, irq);

	if (irq < 32 && is_timer(irq) && on)
		return;
	by_mask(v, irq, on ? 0x200 : 0x280);
	if (config.version == 2 && irq < 16)
		return;
	if (m->latch && !m->active)
		m->host = false;
	m->latch = on;
}

static bool on_stack(unsigned irq)
{
	unsigned v, k;

	for (v = 0; v < config.vcpus; v++) {
		for (k = 0; k < depth[v]; k++) {
			if ((stack[v][k].irq & 0x3ff) == irq)
				return true;
		}
	}
	return false;
}

static void ev_active(unsigned v, unsigned irq, bool on)
{
	struct model_irq *m = of(v, irq);

	if (split || on_stack(irq) || (on && m->active))
		return;
	by_mask(v, irq, on ? 0x300 : 0x380);
	if (m->active && !on)
		m->host = false;
	m->active = on;
	m->sender = 0;
}

static void ev_prio(unsigned v, unsigned irq, unsigned prio)
{
	uint64_t offset = 0x400 + irq;

	if (irq >= 32)
		vw_write(v, vw_dist(), offset, 1, prio);
	else if (config.version == 3)
		vw_write(v, vw_cpu(), v * 0x20000ull + 0x10000 + offset, 1, prio);
	else
		vw_write(v, vw_dist(), offset, 1, prio);
	of(v, irq)->prio = prio & 0xf8;
}

static void ev_group(unsigned v, unsigned irq, bool group)
{
	uint32_t word = 0, base = irq & ~31u, k;

	of(v, irq)->group = group;
	for (k = 0; k < 32; k++)
		word |= (uint32_t)of(v, base + k)->group << k;
	if (irq < 32)
		vw_pw(v, 0x80, word);
	else
		vw_write(v, vw_dist(), 0x80 + irq / 32 * 4, 4, word);
}

static void ev_config(unsigned v, unsigned irq, bool edge)
{
	uint32_t word = 0, base = irq & ~15u, k;

	if (irq < 32)
		return;
	of(v, irq)->edge = edge;
	for (k = 0; k < 16; k++)
		word |= (uint32_t)of(v, base + k)->edge << (2 * k + 1);
	vw_write(v, vw_dist(), 0xc00 + irq / 16 * 4, 4, word);
}

static void ev_line(unsigned irq, bool level)
{
	struct model_irq *m = of(0, irq);

	if (irq < 32)
		return;
	if (level && !m->line && m->edge)
		m->latch = true;
	m->line = level;
	vw_guest()->vintc->set_line(vw_guest(), NULL, irq, level);
}

static void ev_pulse(unsigned irq)
{
	if (irq < 32)
		return;
	of(0, irq)->latch = true;
	vw_guest()->vintc->pulse(vw_guest(), NULL, irq);
}

static void ev_sgi(unsigned v, unsigned irq, unsigned targets)
{
	unsigned to;

	targets &= BIT32(config.vcpus) - 1;
	vw_sgi(v, irq, targets);
	for (to = 0; to < config.vcpus; to++) {
		if (!(targets >> to & 1))
			continue;
		if (config.version == 3 && private[to][irq].group != private[v][irq].group)
			continue;
		private[to][irq].latch = true;
		private[to][irq].senders |= BIT32(v);
	}
}

static void ev_route(unsigned v, unsigned irq, unsigned target)
{
	if (irq < 32)
		return;
	if (config.version == 3) {
		vw_write(v, vw_dist(), 0x6000 + 8 * irq, 8, target);
		of(0, irq)->target = target < config.vcpus ? target : 99;
	} else if (config.vcpus > 1) {
		vw_write(v, vw_dist(), 0x800 + irq, 1, BIT32(target));
		of(0, irq)->target = target < config.vcpus ? target : 99;
	}
}

static void ev_ack(unsigned v)
{
	unsigned prio, irq, got;
	struct model_irq *m;
	bool expect;

	model_timers(v);
	prio = best_prio(v);
	expect = prio < pmr[v] && prio < running(v);
	if (depth[v] + nr_dropped[v] == STACK)
		return;
	CHECK_EQ(vw_irq(v), expect);
	if (config.slots && !config.soft && !config.one_node)
		CHECK_EQ(vw_pending(v), prio < pmr[v]);
	else
		CHECK_EQ(vw_pending(v), expect);
	got = vw_ack(v);
	if (!expect) {
		CHECK_EQ(got, VW_SPURIOUS);
		return;
	}
	irq = got & 0x3ff;
	REQUIRE(irq < IRQS);
	m = of(v, irq);
	CHECK(ready(v, irq));
	CHECK_EQ(m->prio, prio);
	m->active = true;
	stack[v][depth[v]].irq = got;
	stack[v][depth[v]].prio = prio;
	depth[v]++;
	m->latch = false;
	if (irq < 16 && config.version == 2) {
		m->sender = got >> 10;
		CHECK(m->senders >> m->sender & 1);
		m->senders &= ~BIT32(m->sender);
		m->latch = m->senders;
	} else {
		CHECK_EQ(got >> 10, 0);
	}
}

static void end(struct model_irq *m)
{
	m->active = false;
	m->host = false;
}

static void ev_eoi(unsigned v)
{
	unsigned irq;

	if (!depth[v])
		return;
	irq = stack[v][--depth[v]].irq;
	vw_eoi(v, irq);
	if (split)
		dropped[v][nr_dropped[v]++] = irq;
	else
		end(of(v, irq & 0x3ff));
}

static void ev_dir(unsigned v)
{
	unsigned k, irq;

	if (!nr_dropped[v])
		return;
	k = (unsigned)unit_random_below(nr_dropped[v]);
	irq = dropped[v][k];
	dropped[v][k] = dropped[v][--nr_dropped[v]];
	vw_dir(v, irq);
	end(of(v, irq & 0x3ff));
}

/* --- registers tell the same -------------------------------------------------------- */

/* A timer's interrupt that waits is pending for as long as its output is up. */
static void model_look(unsigned v)
{
	unsigned t;

	for (t = 0; t < 2; t++) {
		struct model_irq *m = &private[v][t ? 30 : 27];

		if (!m->host || m->active || timer_out[v][t])
			continue;
		m->host = m->latch = false;
	}
}

static void compare_word(unsigned v, unsigned n)
{
	uint32_t enabled = 0, pend = 0, active = 0, k;

	if (!n)
		model_look(v);
	for (k = 0; k < 32; k++) {
		const struct model_irq *m = of(v, n * 32 + k);

		enabled |= (uint32_t)m->enabled << k;
		pend |= (uint32_t)pending(m) << k;
		active |= (uint32_t)m->active << k;
	}
	if (n) {
		CHECK_EQ((uint32_t)vw_read(v, vw_dist(), 0x100 + 4 * n, 4), enabled);
		CHECK_EQ((uint32_t)vw_read(v, vw_dist(), 0x200 + 4 * n, 4), pend);
		CHECK_EQ((uint32_t)vw_read(v, vw_dist(), 0x380 + 4 * n, 4), active);
	} else {
		CHECK_EQ(vw_pr(v, 0x180), enabled);
		CHECK_EQ(vw_pr(v, 0x280), pend);
		CHECK_EQ(vw_pr(v, 0x300), active);
	}
}

/* --- the run ------------------------------------------------------------------------ */

static void reset_model(void)
{
	unsigned v, irq;

	memset(shared, 0, sizeof(shared));
	memset(private, 0, sizeof(private));
	memset(depth, 0, sizeof(depth));
	memset(nr_dropped, 0, sizeof(nr_dropped));
	memset(timer_out, 0, sizeof(timer_out));
	for (v = 0; v < 4; v++) {
		pmr[v] = 0xf8;
		for (irq = 0; irq < 16; irq++) {
			private[v][irq].edge = true;
			private[v][irq].enabled = config.version == 2;
		}
	}
	for (irq = 32; irq < IRQS; irq++)
		shared[irq].target = config.version == 2 && config.vcpus > 1 ? 99 : 0;
	groups_on = 3;
}

static void random_setup(void)
{
	unsigned v, irq;

	vw_w(0, 3);
	for (v = 0; v < config.vcpus; v++) {
		if (!vw_loaded(v))
			vw_load(0, v);
		vw_interface(v, 3, 0xf8, split);
		for (irq = 0; irq < 32; irq++) {
			ev_prio(v, irq, (unsigned)unit_random() & 0x78);
			ev_enable(v, irq, unit_random_below(4));
		}
	}
	v = any_loaded();
	for (irq = 32; irq < IRQS; irq++) {
		ev_prio(v, irq, (unsigned)unit_random() & 0x78);
		ev_route(v, irq, (unsigned)unit_random_below(config.vcpus));
		ev_config(v, irq, unit_random() & 1);
		ev_enable(v, irq, unit_random_below(4));
	}
}

/* Timers, CPUs and interfaces, as random_event() numbers them. */
static void world_event(unsigned v, unsigned kind)
{
	unsigned t;

	switch (kind) {
	case 16:
		t = (unsigned)unit_random() & 1;
		v = (unsigned)unit_random_below(config.vcpus);
		timer_out[v][t] = unit_random() & 1;
		vw_timer(v, t ? 30 : 27, timer_out[v][t]);
		break;
	case 17:
		vw_load((unsigned)unit_random_below(VW_CPUS),
			(unsigned)unit_random_below(config.vcpus));
		break;
	case 18:
		if (unit_random_below(8))
			break;
		groups_on = unit_random_below(4) ? 3 : (unsigned)unit_random_below(4);
		vw_write(v, vw_dist(), 0, 4, groups_on);
		break;
	case 19:
		pmr[v] = unit_random_below(2) ? 0xf8 : (unsigned)unit_random() & 0xf8;
		vw_interface(v, 3, pmr[v], split);
		break;
	case 20:
		compare_word(v, (unsigned)unit_random_below(IRQS / 32));
		break;
	}
}

static void random_event(void)
{
	unsigned v = any_loaded(), irq = random_irq();
	unsigned kind = (unsigned)unit_random_below(31);

	switch (kind) {
	case 0:
		ev_enable(v, irq, false);
		break;
	case 1:
	case 2:
		ev_enable(v, irq, true);
		break;
	case 3:
		ev_pend(v, irq, unit_random() & 1);
		break;
	case 4:
		ev_active(v, irq, unit_random() & 1);
		break;
	case 5:
		ev_prio(v, irq, (unsigned)unit_random() & 0xff);
		break;
	case 6:
		ev_group(v, irq, unit_random() & 1);
		break;
	case 7:
		ev_config(v, irq, unit_random() & 1);
		break;
	case 8:
	case 9:
	case 10:
		ev_line(irq, unit_random() & 1);
		break;
	case 11:
		ev_pulse(irq);
		break;
	case 12:
	case 13:
	case 14:
		ev_sgi(v, irq % 16, (unsigned)unit_random());
		break;
	case 15:
		ev_route(v, irq, (unsigned)unit_random_below(config.vcpus + 1u));
		break;
	case 16:
	case 17:
	case 18:
	case 19:
	case 20:
		world_event(v, kind);
		break;
	case 21:
	case 22:
	case 23:
		ev_ack(v);
		break;
	case 24:
	case 25:
	case 26:
		ev_dir(v);
		break;
	default:
		ev_eoi(v);
		break;
	}
}

/* All lines down, everything is taken and ended, and all is quiet then. */
static void drain(void)
{
	unsigned v, irq, turns;

	groups_on = 3;
	v = any_loaded();
	vw_write(v, vw_dist(), 0, 4, groups_on);
	for (irq = 32; irq < IRQS; irq++) {
		ev_line(irq, false);
		ev_route(v, irq, v);
	}
	for (v = 0; v < config.vcpus; v++) {
		if (!vw_loaded(v))
			vw_load(v % VW_CPUS, v);
		timer_out[v][0] = timer_out[v][1] = false;
		vw_timer(v, 27, false);
		vw_timer(v, 30, false);
		pmr[v] = 0xf8;
		vw_interface(v, 3, 0xf8, split);
		settle_all();
		for (irq = 0; irq < IRQS; irq++) {
			ev_prio(v, irq, 8 * (irq % 16));
			ev_enable(v, irq, true);
			if (!on_stack(irq))
				ev_active(v, irq, false);
		}
		while (depth[v])
			ev_eoi(v);
		while (nr_dropped[v])
			ev_dir(v);
		for (turns = 0; turns < 1000 && !unit_failed(); turns++) {
			settle_all();
			ev_ack(v);
			if (!depth[v])
				break;
			ev_eoi(v);
			ev_dir(v);
		}
		CHECK(turns < 1000);
	}
	for (v = 0; v < config.vcpus; v++) {
		if (vw_loaded(v)) {
			settle_all();
			CHECK_EQ(vw_pending(v), false);
		}
	}
}

static void run(struct vw_config c, unsigned events)
{
	unsigned k;

	config = c;
	vw_begin(&c);
	reset_model();
	random_setup();
	for (k = 0; k < events && !unit_failed(); k++) {
		random_event();
		settle_all();
		vw_check();
	}
	if (!unit_failed())
		drain();
	vw_check();
	if (unit_failed())
		fprintf(stderr, "(after %u events of GICv%u%s, %u vCPUs, %u slots)\n", k, c.version,
			c.soft ? " in software" : "", c.vcpus, c.slots);
	vw_end();
}

#define EVENTS 40000

TEST(v3_one_vcpu)
{
	run((struct vw_config){ .version = 3, .vcpus = 1, .irqs = IRQS, .slots = 4 }, EVENTS);
}

TEST(v3_four_vcpus)
{
	run((struct vw_config){ .version = 3, .vcpus = 4, .irqs = IRQS, .slots = 4 }, EVENTS);
}

TEST(v3_one_slot)
{
	run((struct vw_config){ .version = 3, .vcpus = 2, .irqs = IRQS, .slots = 1 }, EVENTS);
}

TEST(v3_sixteen_slots)
{
	run((struct vw_config){ .version = 3, .vcpus = 3, .irqs = IRQS, .slots = 16 }, EVENTS);
}

TEST(v2_one_vcpu)
{
	run((struct vw_config){ .version = 2, .vcpus = 1, .irqs = IRQS, .slots = 4 }, EVENTS);
}

TEST(v2_four_vcpus)
{
	run((struct vw_config){ .version = 2, .vcpus = 4, .irqs = IRQS, .slots = 4 }, EVENTS);
}

TEST(v2_one_slot)
{
	run((struct vw_config){ .version = 2, .vcpus = 4, .irqs = IRQS, .slots = 1 }, EVENTS);
}

/* The same with priority drop and deactivation apart. */
static void run_split(struct vw_config c, unsigned events)
{
	split = true;
	run(c, events);
	split = false;
}

TEST(split_v3)
{
	run_split((struct vw_config){ .version = 3, .vcpus = 2, .irqs = IRQS, .slots = 4 }, EVENTS);
}

TEST(split_one_slot)
{
	run_split((struct vw_config){ .version = 3, .vcpus = 2, .irqs = IRQS, .slots = 1 }, EVENTS);
}

TEST(split_v2)
{
	run_split((struct vw_config){ .version = 2, .vcpus = 3, .irqs = IRQS, .slots = 3 }, EVENTS);
}

TEST(v3_soft)
{
	run((struct vw_config){ .version = 3, .soft = true, .vcpus = 4, .irqs = IRQS, .slots = 4 },
	    EVENTS);
}

TEST(split_v3_soft)
{
	run_split((struct vw_config){ .version = 3, .soft = true, .vcpus = 3, .irqs = IRQS },
		  EVENTS);
}

TEST(split_soft)
{
	run_split((struct vw_config){ .version = 2, .soft = true, .vcpus = 3, .irqs = IRQS },
		  EVENTS);
}

TEST(soft_one_vcpu)
{
	run((struct vw_config){ .version = 2, .soft = true, .vcpus = 1, .irqs = IRQS }, EVENTS);
}

TEST(soft_four_vcpus)
{
	run((struct vw_config){ .version = 2, .soft = true, .vcpus = 4, .irqs = IRQS }, EVENTS);
}

TEST(one_node_two_vcpus)
{
	run((struct vw_config){ .version = 2, .one_node = true, .vcpus = 2, .irqs = IRQS,
				.slots = 4 }, EVENTS);
}
