/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Life of guests: create, start, pause, reset, stop, destroy, and what a guest asks of itself.
 *
 * guests_mutex guards the list, holds and destruction. guest->life serialises changes from
 * outside. guest->lock guards state and exit, which a vCPU's own thread changes too.
 */
#include <core/guest.h>

#include <arch/timer.h>
#include <core/dt.h>
#include <core/emu.h>
#include <core/guest_desc.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/shell.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>
#include "guest_priv.h"

static struct mutex guests_mutex = MUTEX_INIT(guests_mutex);
static struct list guests = LIST_INIT(guests);
static struct waitq guests_wq = WAITQ_INIT(guests_wq); /* holds that end */
static unsigned next_id;

const char *guest_state_name(enum guest_state state)
{
	static const char *const names[] = { "ready", "running", "paused", "stopped" };

	return names[state];
}

/* --- finding --------------------------------------------------------------------------------- */

void guest_list_lock(void)
{
	mutex_lock(&guests_mutex);
}

void guest_list_unlock(void)
{
	mutex_unlock(&guests_mutex);
}

struct guest *guest_next(struct guest *prev)
{
	struct list *at = prev ? prev->link.next : guests.next;

	return at == &guests ? NULL : list_entry(at, struct guest, link);
}

static struct guest *find_locked(const char *name)
{
	struct guest *g;

	list_for_each_entry(g, &guests, link)
		if (!strcmp(g->name, name))
			return g;
	return NULL;
}

struct guest *guest_find(const char *name)
{
	struct guest *g;

	mutex_lock(&guests_mutex);
	g = find_locked(name);
	if (g && g->destroying)
		g = NULL;
	if (g)
		g->refs++;
	mutex_unlock(&guests_mutex);
	return g;
}

void guest_put(struct guest *g)
{
	mutex_lock(&guests_mutex);
	g->refs--;
	mutex_unlock(&guests_mutex);
	waitq_wake_all(&guests_wq);
}

/* --- devices ---------------------------------------------------------------------------------- */

/* @param parent  the bus that it sits on; NULL: it has the region */
static int device_create(struct region *r, struct dt_node *node, struct emu_dev *parent,
			 struct guest *g, struct shell_out *out)
{
	struct emu_dev *dev = heap_zalloc(sizeof(*dev));
	int err;

	if (!dev)
		return -ENOMEM;
	dev->guest = g;
	dev->region = r;
	dev->node = node;
	dev->parent = parent;
	dev->emu = emu_find(node, &dev->match_data);
	snprintf(dev->name, sizeof(dev->name), "%s/%s", g->name, node->name);
	dev->errors = out;
	err = dev->emu ? dev->emu->probe(dev) : -ENODEV;
	if (err) {
		if (!dev->failed)
			emu_fail(dev, err, "device cannot be made: %s", error_text(err));
		heap_free(dev);
		return err;
	}
	if (!parent)
		r->dev = dev;
	list_add_tail(&g->devices, &dev->link);
	return 0;
}

/* Devices on buses, once all that have regions are there. */
static int bus_devices_create(struct guest *g, struct shell_out *out)
{
	struct dt_node *node;
	int err = 0;

	for (unsigned i = 0; !err && i < g->nr_regions; i++) {
		struct region *r = &g->regions[i];

		if (!r->dev || !r->dev->emu->bus)
			continue;
		dt_for_each_child(node, r->node) {
			if (!err && dt_available(node))
				err = device_create(r, node, r->dev, g, out);
		}
	}
	return err;
}

static int devices_create(struct guest *g, struct shell_out *out)
{
	struct emu_dev *dev;
	int err = 0;

	for (unsigned i = 0; !err && i < g->nr_regions; i++) {
		struct region *r = &g->regions[i];

		if (r->flags & REGION_VIRTUAL)
			err = device_create(r, r->node, NULL, g, out);
	}
	if (!err)
		err = bus_devices_create(g, out);
	if (err)
		return err;
	list_for_each_entry(dev, &g->devices, link) {
		err = dev->emu->ready ? dev->emu->ready(dev) : 0;
		if (err && !dev->failed)
			emu_fail(dev, err, "device cannot be set up: %s", error_text(err));
		if (err)
			return err;
		dev->errors = NULL;
	}
	return 0;
}

static void devices_destroy(struct guest *g)
{
	while (!list_empty(&g->devices)) {
		/* The last made first: interrupt controllers go after who uses them. */
		struct emu_dev *dev = list_last_entry(&g->devices, struct emu_dev, link);

		list_del(&dev->link);
		if (!dev->parent)
			dev->region->dev = NULL;
		if (dev->emu->remove)
			dev->emu->remove(dev);
		heap_free(dev);
	}
}

static void devices_reset(struct guest *g)
{
	struct emu_dev *dev;

	list_for_each_entry(dev, &g->devices, link)
		if (dev->emu->reset)
			dev->emu->reset(dev);
}

/*
 * --- create
 * ---------------------------------------------------------------------------------------
 */

static void vcpus_destroy(struct guest *g)
{
	while (g->nr_vcpus)
		vcpu_destroy(g->vcpus[--g->nr_vcpus]);
	heap_free(g->vcpus);
}

static int vcpus_create(struct guest *g, const struct guest_desc *desc)
{
	unsigned i;
	int err;

	g->vcpus = heap_calloc(desc->nr_vcpus, sizeof(*g->vcpus));
	if (!g->vcpus)
		return -ENOMEM;
	for (i = 0; i < desc->nr_vcpus; i++) {
		err = vcpu_create(g, &desc->vcpus[i], i, &g->vcpus[i]);
		if (err) {
			vcpus_destroy(g);
			return err;
		}
		g->nr_vcpus++;
	}
	return 0;
}

#define RESET_WAIT_MAX UINT64_C(20000000)

static int reset(struct guest *g, bool own);

/*
 * A guest that resets itself over and over is not to have our time besides its own: after each the
 * next one waits for twice as long as it took.
 */
static void reset_work(struct work *work)
{
	struct guest *g = container_of(work, struct guest, reset_work);
	uint64_t begin = time_now(), end;

	if (begin < g->reset_after) {
		/* Others' resets wait here, too. */
		thread_sleep(MIN(g->reset_after - begin, RESET_WAIT_MAX));
		begin = time_now();
	}
	if (reset(g, true))
		log_error("%s: reset failed", g->name);
	end = time_now();
	g->reset_after = end + 2 * (end - begin);
}

static struct guest *guest_new(struct guest_desc *desc, struct dt_node *node)
{
	struct guest *g = heap_zalloc(sizeof(*g));

	if (!g)
		return NULL;
	g->log_limit = heap_zalloc(sizeof(*g->log_limit));
	if (!g->log_limit) {
		heap_free(g);
		return NULL;
	}
	strlcpy(g->name, desc->name, sizeof(g->name));
	g->node = node;
	mutex_init(&g->life);
	mutex_init(&g->map_lock);
	spin_init(&g->lock);
	waitq_init(&g->ended);
	list_init(&g->link);
	list_init(&g->devices);
	list_init(&g->images);
	guest_holes_init(g);
	work_init_slow(&g->reset_work, reset_work);
	g->state = GUEST_READY;
	g->exit = GUEST_EXIT_NONE;
	g->psci_version = desc->psci_version;
	g->big_endian = desc->big_endian;
	g->reset_stops = desc->reset_stops;
	g->nr_irqs = desc->nr_irqs;
	/* The regions are the guest's now. */
	g->regions = desc->regions;
	g->nr_regions = desc->nr_regions;
	for (g->ports = g->regions; g->ports < g->regions + g->nr_regions; g->ports++)
		if (g->ports->flags & REGION_IO)
			break;
	g->nr_ports = (unsigned)(g->regions + g->nr_regions - g->ports);
	desc->regions = NULL;
	desc->nr_regions = 0;
	return g;
}

static void guest_free(struct guest *g)
{
	unsigned i;

	/* What the description gave and no memory was made of. */
	for (i = 0; i < g->nr_regions; i++)
		heap_free(g->regions[i].extents);
	heap_free(g->regions);
	heap_free(g->log_limit);
	heap_free(g);
}

/* All parts, in the order in which they need each other; undone in reverse. */
static int guest_build(struct guest *g, const struct guest_desc *desc, struct shell_out *out)
{
	int err = arch_guest_init(g);

	if (err) {
		out_printf(out, "%s: %s\n", g->name,
			   err == -ENOSPC ? "no VMID is free: too many guests" : error_text(-err));
		return err;
	}
	err = guest_memory_init(g, out);
	if (err)
		goto err_arch;
	err = vcpus_create(g, desc);
	if (err) {
		out_printf(out, "%s: vCPUs cannot be made: %s\n", g->name, error_text(-err));
		goto err_memory;
	}
	err = devices_create(g, out);
	if (err)
		goto err_devices;
	return 0;

err_devices:
	devices_destroy(g);
	vcpus_destroy(g);
err_memory:
	guest_memory_fini(g);
err_arch:
	arch_guest_fini(g);
	return err;
}

static void guest_unbuild(struct guest *g)
{
	guest_images_free(g);
	/* None has anything to say any more to those that go first. */
	devices_reset(g);
	devices_destroy(g);
	vcpus_destroy(g);
	guest_memory_fini(g);
	arch_guest_fini(g);
}

/* vCPU threads were started parked: from here on they can be run. */
static void vcpus_start_threads(struct guest *g)
{
	unsigned i;

	for (i = 0; i < g->nr_vcpus; i++)
		thread_start(g->vcpus[i]->thread);
}

static void all_reset(struct guest *g)
{
	unsigned i;

	g->start_count = arch_counter();
	devices_reset(g);
	for (i = 0; i < g->nr_vcpus; i++)
		vcpu_reset(g->vcpus[i]);
}

int guest_create(struct dt_node *node, struct shell_out *out, struct guest **guest)
{
	struct guest_desc desc;
	struct guest *g = NULL;
	unsigned errors;
	int err;

	dt_get(node);
	mutex_lock(&guests_mutex);
	errors = guest_desc_read(node, &desc, out);
	err = errors ? -EINVAL : 0;
	if (!err && find_locked(desc.name)) {
		out_printf(out, "%s: a guest of this name exists already\n", desc.name);
		err = -EEXIST;
	}
	if (!err) {
		g = guest_new(&desc, node);
		err = g ? guest_build(g, &desc, out) : -ENOMEM;
	}
	guest_desc_free(&desc);
	if (err) {
		if (g)
			guest_free(g);
		mutex_unlock(&guests_mutex);
		dt_put(node);
		return err;
	}
	g->id = next_id++;
	g->refs = guest ? 1 : 0;
	node->owner = g;
	all_reset(g);
	vcpus_start_threads(g);
	list_add_tail(&guests, &g->link);
	mutex_unlock(&guests_mutex);
	if (guest)
		*guest = g;
	return 0;
}

unsigned guest_check(struct dt_node *node, struct shell_out *out)
{
	struct guest_desc desc;
	unsigned errors = guest_desc_read(dt_get(node), &desc, out);

	guest_desc_free(&desc);
	dt_put(node);
	return errors;
}

/*
 * --- stopping and going on
 * ----------------------------------------------------------------------------
 */

/* With what vcpu_run() looks at; they look when they get a request. */
static noinline_fn void vcpus_mark_stopped(struct guest *g)
{
	for (unsigned i = 0; i < g->nr_vcpus; i++)
		WRITE_ONCE(g->vcpus[i]->stopped, true);
}

static noinline_fn void vcpus_request_stop(struct guest *g)
{
	for (unsigned i = 0; i < g->nr_vcpus; i++)
		vcpu_request(g->vcpus[i], VCPU_REQ_STOP);
}

static void vcpus_stop(struct guest *g)
{
	vcpus_mark_stopped(g);
	vcpus_request_stop(g);
	for (unsigned i = 0; i < g->nr_vcpus; i++)
		vcpu_wait_parked(g->vcpus[i]);
}

static void vcpus_go(struct guest *g)
{
	unsigned i;

	for (i = 0; i < g->nr_vcpus; i++)
		vcpu_run(g->vcpus[i]);
}

/* Change the state if it is `from`. @return whether it was */
static noinline_fn bool state_change(struct guest *g, enum guest_state from, enum guest_state to)
{
	unsigned long flags = spin_lock_irqsave(&g->lock);
	bool ok = g->state == from;

	if (ok)
		g->state = to;
	spin_unlock_irqrestore(&g->lock, flags);
	return ok;
}

/* Record an end, once. @return whether it was running or paused until now */
static bool end_record(struct guest *g, enum guest_exit why, const char *text)
{
	unsigned long flags = spin_lock_irqsave(&g->lock);
	bool ended = g->state != GUEST_STOPPED;

	if (ended) {
		g->state = GUEST_STOPPED;
		vcpus_mark_stopped(g);
		g->exit = why;
		g->last_exit = why;
		g->ends++;
		strlcpy(g->exit_text, text, sizeof(g->exit_text));
	}
	spin_unlock_irqrestore(&g->lock, flags);
	return ended;
}

void guest_end(struct guest *g, enum guest_exit why, const char *fmt, ...)
{
	char text[sizeof(g->exit_text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!end_record(g, why, text))
		return;
	vcpus_request_stop(g);
	if (why == GUEST_EXIT_CRASH)
		log_error("guest %s: %s", g->name, text);
	else
		log_notice("guest %s: %s", g->name, text);
	waitq_wake_all(&g->ended);
}

void guest_request_reset(struct guest *g)
{
	unsigned long flags;

	if (g->reset_stops) {
		guest_end(g, GUEST_EXIT_RESET, "asked for a reset");
		return;
	}
	flags = spin_lock_irqsave(&g->lock);
	/* Under the lock: nothing is queued for a guest that has ended, which may be destroyed. */
	if ((g->state == GUEST_RUNNING || g->state == GUEST_PAUSED) && !g->resetting) {
		g->resetting = true;
		vcpus_mark_stopped(g);
		work_queue(&g->reset_work);
	}
	spin_unlock_irqrestore(&g->lock, flags);
	vcpus_request_stop(g);
}

/*
 * Everything as after create; images are loaded anew. guest->life held, vCPUs parked.
 * @param own  by its own wish: one that was paused stays so
 */
static int reset_all(struct guest *g, bool own)
{
	unsigned long flags;
	int err;

	/* Before its images: what is under way to its memory comes no later. */
	devices_reset(g);
	err = guest_images_load(g, NULL);
	if (err) {
		guest_end(g, GUEST_EXIT_CRASH, "its images cannot be loaded again: %s",
			  error_text(-err));
		return err;
	}
	all_reset(g);
	flags = spin_lock_irqsave(&g->lock);
	if (g->state == GUEST_STOPPED || (g->state == GUEST_PAUSED && !own))
		g->state = GUEST_READY;
	g->resetting = false;
	g->exit = GUEST_EXIT_NONE;
	spin_unlock_irqrestore(&g->lock, flags);
	return 0;
}

int guest_start(struct guest *g)
{
	int err = 0;

	mutex_lock(&g->life);
	if (g->destroying) {
		err = -ENOENT; /* it was stopped for that, once and for all */
	} else if (g->state == GUEST_RUNNING || g->state == GUEST_PAUSED) {
		err = -EBUSY;
	} else if (g->state == GUEST_STOPPED) {
		vcpus_stop(g);
		err = reset_all(g, false);
	}
	if (!err) {
		if (!g->started_at)
			g->start_count = arch_counter();
		g->started_at = time_now();
		state_change(g, GUEST_READY, GUEST_RUNNING);
		vcpus_go(g);
	}
	mutex_unlock(&g->life);
	return err;
}

static int pause_or_resume(struct guest *g, enum guest_state from, enum guest_state to)
{
	bool ok;

	mutex_lock(&g->life);
	ok = state_change(g, from, to);
	if (ok && to == GUEST_PAUSED)
		vcpus_stop(g);
	else if (ok)
		vcpus_go(g);
	mutex_unlock(&g->life);
	return ok ? 0 : -EINVAL;
}

int guest_pause(struct guest *g)
{
	return pause_or_resume(g, GUEST_RUNNING, GUEST_PAUSED);
}

int guest_resume(struct guest *g)
{
	return pause_or_resume(g, GUEST_PAUSED, GUEST_RUNNING);
}

static int reset(struct guest *g, bool own)
{
	int err = 0;

	mutex_lock(&g->life);
	/* What it asked for itself may be done meanwhile, or it has ended. */
	if (!own || (g->resetting && g->state != GUEST_STOPPED)) {
		vcpus_stop(g);
		err = reset_all(g, own);
		g->resets += !err;
		vcpus_go(g);
	}
	mutex_unlock(&g->life);
	return err;
}

int guest_reset(struct guest *g)
{
	return reset(g, false);
}

/* @return whether it had not ended yet */
static noinline_fn bool stop(struct guest *g, enum guest_exit why, const char *text)
{
	bool was;

	mutex_lock(&g->life);
	vcpus_stop(g);
	was = end_record(g, why, text);
	mutex_unlock(&g->life);
	waitq_wake_all(&g->ended);
	return was;
}

int guest_stop(struct guest *g)
{
	return stop(g, GUEST_EXIT_STOPPED, "stopped") ? 0 : -EINVAL;
}

int guest_wait(struct guest *g, unsigned ends, uint64_t deadline)
{
	if (!waitq_wait_until(&g->ended,
			      READ_ONCE(g->ends) != ends || READ_ONCE(g->exit) != GUEST_EXIT_NONE,
			      deadline))
		return -ETIMEDOUT;
	return (int)READ_ONCE(g->last_exit);
}

int guest_destroy(struct guest *g)
{
	struct dt_node *node = g->node;

	mutex_lock(&guests_mutex);
	if (g->destroying) {
		mutex_unlock(&guests_mutex);
		return -EBUSY;
	}
	g->destroying = true;
	mutex_unlock(&guests_mutex);

	stop(g, GUEST_EXIT_DESTROYED, "destroyed");
	work_cancel(&g->reset_work);
	waitq_wait(&guests_wq, READ_ONCE(g->refs) == 1);

	mutex_lock(&guests_mutex);
	list_del(&g->link);
	guest_unbuild(g);
	node->owner = NULL;
	dt_put(node);
	if (g->own_node && dt_del_node(node))
		log_warn("%s: its node stays in the device tree: it is in use", g->name);
	guest_free(g);
	mutex_unlock(&guests_mutex);
	return 0;
}

/*
 * --- interrupts
 * ------------------------------------------------------------------------------------------
 */

void guest_irq_set(struct guest *g, unsigned irq, bool level)
{
	if (likely(g->vintc))
		g->vintc->set_line(g, NULL, irq, level);
}

void guest_irq_pulse(struct guest *g, unsigned irq)
{
	if (likely(g->vintc))
		g->vintc->pulse(g, NULL, irq);
}

void vcpu_irq_set(struct vcpu *v, unsigned irq, bool level)
{
	if (likely(v->guest->vintc))
		v->guest->vintc->set_line(v->guest, v, irq, level);
}
