/* SPDX-License-Identifier: GPL-2.0-only */
/* The world for the emulated GIC, see vgic_world.h. One thread plays all CPUs, one at a time. */
#include "vgic_world.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <core/log.h>
#include <core/mem.h>
#include <core/shell.h>
#include <core/time.h>
#include <libs/errno.h>

#include "../../emulators/intc/vgic_lpi.h"
#include "fake.h"
#include "unit.h"
#include "vgic_hw.h"

#define SETTLE_MAX 200
#define GICV_HPA   0x8040000u

static struct guest guest;
static struct vcpu *vcpus[VW_VCPUS];
static struct vcpu *current; /* whose thread runs */
static struct emu_dev *dist, *cpu_dev, *its_dev;
static struct dt_node *root_node;
static uint64_t now;
static bool answer, alive, hold;
static unsigned maintenances, requests, complaints;
static size_t live_before, fail_at;
static struct vw_mapping mapping;
static char text[8192];

static struct vgic *the_gic(void)
{
	return guest.vintc_priv;
}

uint64_t host_counter(void)
{
	return now;
}

/* The clock of time_now(): whatever the counter says. */
uint64_t time_boot_ticks;
bool time_same_unit;
uint64_t time_from_ticks(uint64_t ticks)
{
	return now;
}

/* --- what core supplies ------------------------------------------------------------- */

void vcpu_request(struct vcpu *v, uint32_t request)
{
	v->requests |= request;
	requests++;
}

void vcpu_wake(struct vcpu *v)
{
	vcpu_request(v, VCPU_REQ_VINTC);
}

struct vcpu *vcpu_current(void)
{
	return current;
}

void waitq_init(struct waitq *wq)
{
	spin_init(&wq->lock);
	list_init(&wq->waiters);
}

void waitq_add(struct waitq *wq, struct waiter *w)
{
	if (hw.masked)
		vw_broken("sleeping with interrupts masked");
	list_add_tail(&wq->waiters, &w->link);
}

void waitq_remove(struct waitq *wq, struct waiter *w)
{
	list_del(&w->link);
}

static bool woken;

void waitq_wake_all(struct waitq *wq)
{
	woken = woken || !list_empty(&wq->waiters);
}

static void flush_if_asked(struct vcpu *v)
{
	if (!(v->requests & VCPU_REQ_VINTC))
		return;
	v->requests = 0;
	hw.masked = true;
	guest.vintc->flush(v);
	hw.masked = false;
}

/* The caller sleeps: vCPUs on other CPUs come out of the guest and do what they were asked for. */
bool thread_block(uint64_t deadline)
{
	struct vcpu *was = current;
	unsigned at = hw.cpu_id, i;

	if (hw.masked)
		vw_broken("sleeping with interrupts masked");
	woken = false;
	for (i = 0; answer && i < VW_CPUS; i++) {
		if (i == at || !hw.cpu[i].loaded)
			continue;
		hw.cpu_id = i;
		current = hw.cpu[i].loaded;
		flush_if_asked(current);
	}
	hw.cpu_id = at;
	current = was;
	if (!woken)
		now = deadline;
	return woken;
}

int guest_map_device(struct guest *g, gpa_t gpa, hpa_t hpa, uint64_t size)
{
	mapping = (struct vw_mapping){ gpa, hpa, size, mapping.count + 1 };
	return 0;
}

void log_guest(enum log_level level, struct guest *g, struct vcpu *v, const char *fmt, ...)
{
	va_list ap;

	complaints++;
	va_start(ap, fmt);
	log_vprint(level, fmt, ap);
	va_end(ap);
}

void out_printf(struct shell_out *out, const char *fmt, ...)
{
	size_t used = strlen(text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text + used, sizeof(text) - used, fmt, ap);
	va_end(ap);
}

struct shell_out *vw_out(void)
{
	static struct shell_out out;

	text[0] = '\0';
	return &out;
}

const char *vw_text(void)
{
	return text;
}

const char *vw_show(struct emu_dev *dev)
{
	dev->emu->show(dev, vw_out());
	return text;
}

void vw_fail_at(unsigned n)
{
	fail_at = n;
}

size_t vw_heap_bytes(void)
{
	struct vgic *g = the_gic();

	return malloc_usable_size(g) + malloc_usable_size(g->spi) + malloc_usable_size(g->route) +
	       malloc_usable_size(g->targets);
}

struct vw_mapping vw_mapping(void)
{
	return mapping;
}

/* --- making a guest ----------------------------------------------------------------- */

static struct emu_dev *make_device(const char *name, const char *compatible, uint64_t gpa,
				   uint64_t size)
{
	struct emu_dev *dev = calloc(1, sizeof(*dev));

	dev->node = dt_add_node(root_node, name);
	if (!dev->node || dt_set_string(dev->node, "compatible", compatible))
		vw_broken("no memory");
	dev->region = calloc(1, sizeof(*dev->region));
	dev->region->gpa = gpa;
	dev->region->size = size;
	dev->guest = &guest;
	snprintf(dev->name, sizeof(dev->name), "g/%s", name);
	dev->emu = emu_find(dev->node, &dev->match_data);
	if (!dev->emu)
		vw_broken("there is no emulator for %s", compatible);
	return dev;
}

static void free_device(struct emu_dev *dev, bool probed)
{
	if (!dev)
		return;
	if (probed) {
		list_del(&dev->link);
		dev->emu->remove(dev);
	}
	if (dt_del_node(dev->node))
		vw_broken("a node is still held");
	free(dev->region);
	free(dev);
}

struct emu_dev *vw_second(const char *compatible)
{
	return make_device("second", compatible, 0x9000000, 0x12000);
}

void vw_second_free(struct emu_dev *dev)
{
	free_device(dev, false);
}

static bool probe(struct emu_dev **slot, struct emu_dev *dev)
{
	int err;

	list_add_tail(&guest.devices, &dev->link);
	fake_heap_fail_at(fail_at);
	err = dev->emu->probe(dev);
	fake_heap_fail_at(0);
	if (!err) {
		*slot = dev;
		return true;
	}
	list_del(&dev->link);
	free_device(dev, false);
	return false;
}

static void make_devices(const struct vw_config *c)
{
	struct emu_dev *dev;

	if (c->version == 3) {
		dev = make_device("gic_dist", "arm,vgic3,dist", 0x8000000, 0x10000);
		if (!probe(&dist, dev))
			return;
		dev = make_device("gic_redist", "arm,vgic3,redist", 0x80a0000,
				  0x20000 * (uint64_t)c->vcpus);
		if (!probe(&cpu_dev, dev) || !c->its)
			return;
		dev = make_device("gic_its", "arm,gic-v3-its", 0x8080000, 0x20000);
		probe(&its_dev, dev);
	} else if (c->one_node) {
		dev = make_device("gic", "virt,gic", 0x8000000, 0x12000);
		probe(&dist, dev);
	} else {
		dev = make_device("gic_dist", "arm,vgic,dist", 0x8000000, 0x1000);
		if (!probe(&dist, dev))
			return;
		dev = make_device("gic_cpu", "arm,vgic,cpu", 0x8010000, 0x2000);
		probe(&cpu_dev, dev);
	}
}

static void make_vcpus(unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		vcpus[i] = calloc(1, sizeof(*vcpus[i]));
		vcpus[i]->guest = &guest;
		vcpus[i]->id = i;
	}
	guest.vcpus = vcpus;
	guest.nr_vcpus = n;
}

bool vw_try(const struct vw_config *c)
{
	memset(&hw, 0, sizeof(hw));
	memset(&guest, 0, sizeof(guest));
	memset(&mapping, 0, sizeof(mapping));
	list_init(&guest.devices);
	strcpy(guest.name, "g");
	guest.nr_irqs = c->irqs;
	current = NULL;
	answer = true;
	hold = false;
	maintenances = 0;
	requests = 0;
	complaints = 0;
	now = 1000000000;
	hw.caps = (struct vintc_caps){ .slots = c->soft && c->version == 2 ? 0 : c->slots,
				       .prio_bits = 5 };
	hw.soft_gicv3 = c->soft_gicv3;
	hw.lpis_active = c->lpis_active;
	hw.counts_drops = c->version == 3;
	hw.caps.gicv3_cpuif = c->version == 3 && !c->soft;
	hw.caps.gicv2_cpuif = c->version == 2 && !c->soft;
	hw.caps.gicv_hpa = GICV_HPA;
	hw.caps.gicv_size = 0x2000;
	fake_log_clear();
	if (!root_node) {
		root_node = dt_new_tree();
		if (!root_node)
			vw_broken("no memory");
	}
	live_before = fake_heap_live();
	make_vcpus(c->vcpus);
	make_devices(c);
	alive = dist && (cpu_dev || c->one_node);
	if (alive) {
		alive = (!dist->emu->ready || !dist->emu->ready(dist)) &&
			(!cpu_dev || !cpu_dev->emu->ready(cpu_dev)) &&
			(!its_dev || !its_dev->emu->ready(its_dev));
	}
	if (!alive)
		return false;
	vw_reset();
	for (unsigned i = 0; i < VW_CPUS && i < c->vcpus; i++)
		vw_load(i, i);
	return true;
}

void vw_begin(const struct vw_config *c)
{
	if (!vw_try(c))
		vw_broken("no guest:\n%s", fake_log_text());
}

void vw_end(void)
{
	unsigned i;

	for (i = 0; i < VW_CPUS; i++)
		vw_unload(i);
	free_device(its_dev, true);
	free_device(cpu_dev, true);
	free_device(dist, true);
	its_dev = NULL;
	cpu_dev = NULL;
	dist = NULL;
	for (i = 0; i < VW_VCPUS; i++) {
		free(vcpus[i]);
		vcpus[i] = NULL;
	}
	CHECK_EQ(fake_heap_live(), live_before);
}

void vw_reset(void)
{
	unsigned i;

	for (i = 0; i < VW_CPUS; i++)
		vw_unload(i);
	dist->emu->reset(dist);
	if (its_dev)
		its_dev->emu->reset(its_dev);
	if (cpu_dev && cpu_dev->emu->reset)
		cpu_dev->emu->reset(cpu_dev);
	for (i = 0; i < guest.nr_vcpus; i++) {
		guest.vintc->reset_vcpu(vcpus[i]);
		vcpus[i]->requests = 0;
	}
}

struct emu_dev *vw_its(void)
{
	return its_dev;
}

struct guest *vw_guest(void)
{
	return &guest;
}

struct vcpu *vw_vcpu(unsigned id)
{
	return vcpus[id];
}

struct emu_dev *vw_dist(void)
{
	return dist;
}

struct emu_dev *vw_cpu(void)
{
	return cpu_dev ? cpu_dev : dist;
}

/* --- loading ------------------------------------------------------------------------ */

void vw_unload(unsigned cpu)
{
	struct vcpu *v = hw.cpu[cpu].loaded;
	unsigned t, n;

	if (!v)
		return;
	hw.cpu_id = cpu;
	hw.masked = true;
	guest.vintc->save(v);
	hw.masked = false;
	for (n = 0; n < hw.caps.slots; n++)
		CHECK(!(vw_interface_of(v)->slot[n] & VSLOT_STATE));
	for (t = 0; t < VW_TIMERS; t++)
		CHECK(!hw.active[cpu][t]);
	hw.loaded[cpu] = NULL;
	hw.cpu[cpu].loaded = NULL;
}

void vw_load(unsigned cpu, unsigned vcpu)
{
	int was = vw_cpu_of(vcpus[vcpu]);

	if (was == (int)cpu)
		return;
	if (was >= 0)
		vw_unload((unsigned)was);
	vw_unload(cpu);
	hw.cpu_id = cpu;
	hw.cpu[cpu].id = cpu;
	hw.loaded[cpu] = vcpus[vcpu];
	hw.masked = true;
	guest.vintc->load(vcpus[vcpu]);
	hw.masked = false;
	hw.cpu[cpu].loaded = vcpus[vcpu];
}

void vw_restart(unsigned vcpu)
{
	int cpu = vw_cpu_of(vcpus[vcpu]);

	if (cpu >= 0)
		vw_unload((unsigned)cpu);
	guest.vintc->reset_vcpu(vcpus[vcpu]);
	vcpus[vcpu]->requests = 0;
}

bool vw_loaded(unsigned vcpu)
{
	return vw_cpu_of(vcpus[vcpu]) >= 0;
}

void vw_answer(bool on)
{
	answer = on;
}

struct interface *vw_go(unsigned vcpu)
{
	int cpu = vw_cpu_of(vcpus[vcpu]);

	if (cpu < 0)
		vw_broken("vCPU %u is not loaded", vcpu);
	hw.cpu_id = (unsigned)cpu;
	current = vcpus[vcpu];
	return vw_interface_of(current);
}

/* --- hardware that asks for service ------------------------------------------------- */

void vw_hold(bool on)
{
	hold = on;
}

void vw_settle(unsigned vcpu)
{
	struct interface *it = vw_go(vcpu);
	unsigned rounds, t;
	bool again = true;

	for (rounds = 0; again && !hold; rounds++) {
		if (rounds > SETTLE_MAX)
			vw_broken("an interrupt of the host that never ends");
		flush_if_asked(current);
		again = false;
		hw.masked = true;
		for (t = 0; t < VW_TIMERS; t++) {
			if (!it->timer[t] || hw.active[hw.cpu_id][t])
				continue;
			hw.active[hw.cpu_id][t] = true;
			guest.vintc->linked(current, vw_ppis[t], VW_HWIRQ(vw_ppis[t]));
			again = true;
		}
		if (vw_wants_service(it)) {
			guest.vintc->maintenance(current);
			maintenances++;
			again = true;
		}
		hw.masked = false;
		again = again || current->requests;
	}
}

void vw_timer(unsigned vcpu, unsigned ppi, bool level)
{
	hw.interface[vcpu].timer[vw_timer_index(VW_HWIRQ(ppi))] = level;
}

void vw_linked(unsigned vcpu, unsigned ppi)
{
	vw_go(vcpu);
	hw.masked = true;
	guest.vintc->linked(current, ppi, VW_HWIRQ(27));
	hw.masked = false;
}

bool vw_hw_active(unsigned cpu, unsigned hwirq)
{
	return hw.active[cpu][vw_timer_index(hwirq)];
}

/* --- accesses ----------------------------------------------------------------------- */

uint64_t vw_read(unsigned vcpu, struct emu_dev *dev, uint64_t offset, unsigned size)
{
	struct emu_access acc = { .vcpu = vcpus[vcpu], .offset = offset, .size = (uint8_t)size };
	enum emu_result result;

	vw_go(vcpu);
	vw_settle(vcpu);
	result = emu_access(dev, &acc);
	if (hw.masked)
		vw_broken("interrupts are masked after an access");
	vw_settle(vcpu);
	return result == EMU_OK ? acc.value : VW_BAD | result;
}

enum emu_result vw_write(unsigned vcpu, struct emu_dev *dev, uint64_t offset, unsigned size,
			 uint64_t value)
{
	struct emu_access acc = { .vcpu = vcpus[vcpu], .offset = offset, .size = (uint8_t)size,
				  .value = value, .is_write = true };
	enum emu_result result;

	vw_go(vcpu);
	vw_settle(vcpu);
	result = emu_access(dev, &acc);
	if (hw.masked)
		vw_broken("interrupts are masked after an access");
	vw_settle(vcpu);
	return result;
}

uint32_t vw_r(uint64_t offset)
{
	return (uint32_t)vw_read(0, dist, offset, 4);
}

void vw_w(uint64_t offset, uint32_t value)
{
	vw_write(0, dist, offset, 4, value);
}

uint32_t vw_rr(unsigned vcpu, uint64_t offset)
{
	return (uint32_t)vw_read(vcpu, cpu_dev, vcpu * 0x20000ull + offset, 4);
}

void vw_rw(unsigned vcpu, uint64_t offset, uint32_t value)
{
	vw_write(vcpu, cpu_dev, vcpu * 0x20000ull + offset, 4, value);
}

uint32_t vw_pr(unsigned vcpu, uint64_t offset)
{
	if (the_gic()->version == 3)
		return vw_rr(vcpu, 0x10000 + offset);
	return (uint32_t)vw_read(vcpu, dist, offset, 4);
}

void vw_pw(unsigned vcpu, uint64_t offset, uint32_t value)
{
	if (the_gic()->version == 3)
		vw_rw(vcpu, 0x10000 + offset, value);
	else
		vw_write(vcpu, dist, offset, 4, value);
}

void vw_sgi1r(unsigned vcpu, unsigned group, uint64_t value)
{
	vw_go(vcpu);
	vw_settle(vcpu);
	hw.masked = true;
	guest.vintc->sgi(current, group, value);
	hw.masked = false;
	vw_settle(vcpu);
}

void vw_sgi(unsigned vcpu, unsigned irq, unsigned targets)
{
	if (the_gic()->version == 3)
		vw_sgi1r(vcpu, the_gic()->cpus[vcpu].priv.group >> irq & 1,
			 (uint64_t)irq << 24 | targets);
	else
		vw_write(vcpu, dist, 0xf00, 4, targets << 16 | irq);
}

/* --- what was counted --------------------------------------------------------------- */

unsigned vw_maintenances(void)
{
	return maintenances;
}

unsigned vw_requests(void)
{
	return requests;
}

unsigned vw_complaints(void)
{
	return complaints;
}

void vw_idle(unsigned vcpu, bool idle)
{
	vcpus[vcpu]->idle = idle;
}

/* --- what always holds -------------------------------------------------------------- */

/* @param held  a bit for each interrupt that is in a slot, LPIs included */
static void check_vcpu(struct vgic_cpu *c, uint32_t *held)
{
	struct vgic *g = the_gic();
	int cpu = vw_cpu_of(c->vcpu);
	uint32_t priv = 0, left;
	unsigned t, n;

	CHECK_EQ(c->frozen, 0);
	CHECK_EQ(c->loaded, cpu >= 0);
	CHECK(cpu >= 0 || !c->used);
	for (left = c->used; left; left &= left - 1) {
		unsigned s = ctz32(left), irq = c->slot_irq[s];
		uint64_t slot = hw.interface[c->id].slot[s];

		if (slot & VSLOT_STATE)
			CHECK_EQ(vw_intid(slot), irq);
		n = irq / 32;
		if (!n) {
			CHECK(!(priv & BIT32(irq)));
			priv |= BIT32(irq);
			continue;
		}
		CHECK(!(held[n] & BIT32(irq % 32)));
		held[n] |= BIT32(irq % 32);
		CHECK_EQ(vgic_bank(g, c, n)->owner[irq % 32], c->id);
	}
	CHECK_EQ(c->priv.held, priv);
	CHECK(!(c->priv.held & c->priv.active));
	for (n = 0; n < g->nr_slots && g->mode != VINTC_NONE; n++)
		CHECK(c->used >> n & 1 || !(hw.interface[c->id].slot[n] & VSLOT_STATE));
	for (t = 0; cpu >= 0 && t < VW_TIMERS; t++) {
		/* A finished slot has deactivated the host's already, and nobody looked yet. */
		if (hw.active[cpu][t])
			CHECK(c->hw_active >> vw_ppis[t] & 1);
		else if (c->hw_active >> vw_ppis[t] & 1)
			CHECK(c->priv.held >> vw_ppis[t] & 1);
	}
}

void vw_check(void)
{
	struct vgic *g = the_gic();
	uint32_t held[VGIC_LPI_BANK + VGIC_LPI_BANKS] = { 0 };
	unsigned i;

	for (i = 0; i < g->nr_vcpus; i++)
		check_vcpu(&g->cpus[i], held);
	for (i = 1; i < g->nr_banks; i++) {
		CHECK_EQ(g->spi[i - 1].held, held[i]);
		CHECK(!(g->spi[i - 1].held & g->spi[i - 1].active));
	}
	for (i = 0; g->lpi_banks && i < VGIC_LPI_BANKS; i++) {
		if (!g->lpi_banks[i]) {
			CHECK_EQ(held[VGIC_LPI_BANK + i], 0);
			continue;
		}
		CHECK_EQ(g->lpi_banks[i]->held, held[VGIC_LPI_BANK + i]);
		CHECK_EQ(g->lpi_banks[i]->active, 0);
	}
	CHECK_EQ(g->lock.held, 0);
	CHECK_EQ(g->waiters, 0);
}
