/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The world for emulators, see emu_world.h: what core supplies to them, simple enough to look at. A
 * spin lock that is taken twice, a timer function called with a lock held, a mutex taken twice
 * end the program.
 */
#include "emu_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <core/log.h>
#include <core/mem.h>
#include <core/shell.h>
#include <core/thread.h>
#include <core/time.h>
#include <libs/errno.h>

#include "fake.h"
#include "unit.h"

#define TIMERS	16
#define THREADS	4
#define HEARD	(256 * 1024)

static struct guest guest;
static struct dt_node *root;
static bool lines[WORLD_IRQS];
static unsigned changes[WORLD_IRQS], pulses[WORLD_IRQS];
static uint64_t now, epoch, devices;
static struct timer *timers[TIMERS];
static struct list works = LIST_INIT(works);
static unsigned resets;
static struct vserial *heard_port;
static char heard[HEARD + 1];
static size_t heard_len;
static char out_text[4096];
static size_t live_before;
static bool irqs_masked;

/* --- the port's inline parts --------------------------------------------------------------- */

void host_violation(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	abort();
}

unsigned long host_irq_save(void)
{
	unsigned long was = irqs_masked;

	irqs_masked = true;
	return was;
}

void host_irq_restore(unsigned long flags)
{
	irqs_masked = flags;
}

void host_irq_disable(void)
{
	irqs_masked = true;
}

void host_irq_enable(void)
{
	irqs_masked = false;
}

bool host_irq_disabled(void)
{
	return irqs_masked;
}

void host_relax(void)
{
	/* One thread: whoever spins here waits for itself. */
	host_violation("spin lock taken twice\n");
}

uint64_t host_counter(void)
{
	static uint64_t looks;

	/* It never stands still, unlike the clock. */
	return now + 7 * ++looks;
}

/* --- time ------------------------------------------------------------------------------------ */

/* The clock of time_now(): whatever the counter says. */
uint64_t time_boot_ticks;
bool time_same_unit;
uint64_t time_from_ticks(uint64_t ticks)
{
	return now;
}

uint64_t time_wallclock(void)
{
	return epoch + now / 1000000000u;
}

void world_set_epoch(uint64_t seconds)
{
	epoch = seconds;
}

void timer_init(struct timer *timer, timer_fn fn)
{
	memset(timer, 0, sizeof(*timer));
	timer->fn = fn;
	timer->cpu = -1;
}

void timer_start(struct timer *timer, uint64_t deadline)
{
	unsigned i, free_slot = TIMERS;

	for (i = 0; i < TIMERS; i++) {
		if (timers[i] == timer)
			break;
		if (!timers[i] && free_slot == TIMERS)
			free_slot = i;
	}
	if (i == TIMERS)
		i = free_slot;
	if (i == TIMERS)
		host_violation("too many timers\n");
	timers[i] = timer;
	timer->deadline = deadline;
	timer->cpu = 0;
}

void timer_stop(struct timer *timer)
{
	unsigned i;

	for (i = 0; i < TIMERS; i++) {
		if (timers[i] == timer)
			timers[i] = NULL;
	}
	timer->cpu = -1;
}

void timer_follow(struct timer *timer, const uint64_t *deadline)
{
	if (*deadline)
		timer_start(timer, *deadline);
	else
		timer_stop(timer);
}

static struct timer *first_timer(void)
{
	struct timer *first = NULL;
	unsigned i;

	for (i = 0; i < TIMERS; i++) {
		if (timers[i] && (!first || timers[i]->deadline < first->deadline))
			first = timers[i];
	}
	return first;
}

uint64_t world_next_timer(void)
{
	struct timer *t = first_timer();

	return t ? t->deadline : UINT64_MAX;
}

void world_stall(uint64_t ns)
{
	now += ns;
}

void world_advance(uint64_t ns)
{
	uint64_t end = now + ns;
	unsigned fired = 0;
	struct timer *t;

	if (end < now)
		end = UINT64_MAX;
	while ((t = first_timer()) && t->deadline <= end) {
		if (t->deadline > now)
			now = t->deadline;
		timer_stop(t);
		irqs_masked = true;
		t->now = now;
		t->fn(t);
		irqs_masked = false;
		if (++fired > 100000)
			host_violation("a storm of timers\n");
	}
	now = end;
}

/* --- threads and work ------------------------------------------------------------------------- */

static struct thread main_thread = { .name = "main", .prio = 3 };
static struct thread *current = &main_thread;
static struct thread *threads[THREADS];
static jmp_buf back;
static unsigned yields_left;

struct thread *thread_current(void)
{
	return current;
}

struct thread *thread_create(const char *name, void (*fn)(void *), void *arg, int prio)
{
	struct thread *t = heap_zalloc(sizeof(*t));
	unsigned i;

	if (!t)
		return NULL;
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->fn = fn;
	t->arg = arg;
	t->prio = prio;
	for (i = 0; i < THREADS && threads[i]; i++)
		;
	if (i == THREADS)
		host_violation("too many threads\n");
	threads[i] = t;
	return t;
}

void thread_start(struct thread *thread)
{
	thread->wake_pending = true;
}

void thread_wake(struct thread *thread)
{
	thread->wake_pending = true;
}

/* A thread that waits is left for good and begun anew: its function keeps nothing on its stack. */
bool thread_block(uint64_t deadline)
{
	/* The test itself lets time pass until a timer wakes it. */
	while (current == &main_thread && !current->wake_pending) {
		if (!first_timer())
			host_violation("the test itself would block for ever\n");
		world_advance(first_timer()->deadline > now ? first_timer()->deadline - now : 0);
	}
	if (current->wake_pending) {
		current->wake_pending = false;
		return true;
	}
	longjmp(back, 1);
}

void thread_yield(void)
{
	if (current == &main_thread)
		return;
	if (yields_left) {
		yields_left--;
		return;
	}
	current->wake_pending = true;
	longjmp(back, 2);
}

void thread_sleep(uint64_t ns)
{
	host_violation("somebody sleeps\n");
}

static void run_thread(struct thread *t)
{
	t->wake_pending = false;
	current = t;
	if (!setjmp(back)) {
		t->fn(t->arg);
		t->exited = true;
	}
	current = &main_thread;
}

bool world_threads(unsigned yields)
{
	bool more = false;
	unsigned i;

	for (i = 0; i < THREADS; i++) {
		yields_left = yields;
		if (threads[i] && threads[i]->wake_pending && !threads[i]->exited)
			run_thread(threads[i]);
		more |= threads[i] && threads[i]->wake_pending && !threads[i]->exited;
	}
	return more;
}

unsigned world_thread_count(void)
{
	unsigned i, n = 0;

	for (i = 0; i < THREADS; i++)
		n += threads[i] != NULL;
	return n;
}

int thread_join(struct thread *thread)
{
	unsigned i;

	yields_left = 0;
	if (!thread->exited)
		run_thread(thread);
	if (!thread->exited)
		host_violation("joined thread does not end\n");
	for (i = 0; i < THREADS; i++) {
		if (threads[i] == thread)
			threads[i] = NULL;
	}
	heap_free(thread);
	return 0;
}

void mutex_init(struct mutex *m)
{
	m->owner = 0;
}

void mutex_lock(struct mutex *m)
{
	if (m->owner)
		host_violation("mutex taken twice\n");
	if (irqs_masked)
		host_violation("mutex taken with IRQs masked\n");
	m->owner = (uintptr_t)current;
}

bool mutex_trylock(struct mutex *m)
{
	if (m->owner)
		return false;
	m->owner = (uintptr_t)current;
	return true;
}

void mutex_unlock(struct mutex *m)
{
	if (m->owner != (uintptr_t)current)
		host_violation("mutex given back by somebody else\n");
	m->owner = 0;
}

void completion_init(struct completion *c)
{
	c->done = 0;
}

void completion_done(struct completion *c)
{
	c->done++;
}

/* Works that do not wait themselves. @return whether there was one */
static bool run_soon(void)
{
	struct work *work;

	list_for_each_entry(work, &works, link) {
		if (work->slow)
			continue;
		work_cancel(work);
		work->fn(work);
		return true;
	}
	return false;
}

/* Whoever waits lets others work, and time pass until a timer ends it. */
bool completion_wait(struct completion *c, uint64_t deadline)
{
	while (!c->done && run_soon())
		;
	while (!c->done && first_timer() && first_timer()->deadline <= deadline) {
		world_advance(first_timer()->deadline > now ? first_timer()->deadline - now : 0);
		while (!c->done && run_soon())
			;
	}
	if (!c->done && deadline == UINT64_MAX)
		host_violation("waiting for what does not come\n");
	if (!c->done)
		return false;
	c->done--;
	return true;
}

void waitq_init(struct waitq *wq)
{
	spin_init(&wq->lock);
	list_init(&wq->waiters);
}

void waitq_add(struct waitq *wq, struct waiter *waiter)
{
	waiter->thread = current;
	list_add_tail(&wq->waiters, &waiter->link);
}

void waitq_remove(struct waitq *wq, struct waiter *waiter)
{
	list_del(&waiter->link);
}

void waitq_wake_all(struct waitq *wq)
{
	struct waiter *w;

	list_for_each_entry(w, &wq->waiters, link)
		thread_wake(w->thread);
}

void work_init(struct work *work, void (*fn)(struct work *))
{
	list_init(&work->link);
	work->fn = fn;
	work->queued = false;
}

void work_init_slow(struct work *work, void (*fn)(struct work *))
{
	work_init(work, fn);
	work->slow = true;
}

void work_queue(struct work *work)
{
	if (!work->queued)
		list_add_tail(&works, &work->link);
	work->queued = true;
}

void work_cancel(struct work *work)
{
	list_del(&work->link);
	work->queued = false;
}

unsigned world_work(void)
{
	unsigned n = 0;

	while (!list_empty(&works)) {
		struct work *work = list_first_entry(&works, struct work, link);

		work_cancel(work);
		work->fn(work);
		n++;
	}
	return n;
}

/* --- the guest -------------------------------------------------------------------------------- */

void guest_irq_set(struct guest *g, unsigned irq, bool level)
{
	if (g != &guest || irq >= WORLD_IRQS)
		host_violation("interrupt %u of no guest\n", irq);
	changes[irq] += lines[irq] != level;
	lines[irq] = level;
}

void guest_irq_pulse(struct guest *g, unsigned irq)
{
	if (g != &guest || irq >= WORLD_IRQS)
		host_violation("interrupt %u of no guest\n", irq);
	pulses[irq]++;
}

unsigned world_pulses(unsigned irq)
{
	return pulses[irq];
}

bool world_line(unsigned irq)
{
	return lines[irq];
}

unsigned world_changes(unsigned irq)
{
	return changes[irq];
}

void guest_request_reset(struct guest *g)
{
	if (irqs_masked)
		host_violation("guest_request_reset() from an interrupt\n");
	resets++;
}

unsigned world_resets(void)
{
	return resets;
}

struct guest *world_guest(void)
{
	return &guest;
}

void log_guest(enum log_level level, struct guest *g, struct vcpu *vcpu, const char *fmt, ...)
{
	static unsigned budget;
	va_list ap;

	/* Fuzzers say a lot; the log keeps the first of it. */
	if (strlen(fake_log_text()) > 8000 && budget++ < ~0u)
		return;
	va_start(ap, fmt);
	log_vprint(level, fmt, ap);
	va_end(ap);
}

void out_printf(struct shell_out *out, const char *fmt, ...)
{
	size_t used = strlen(out_text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out_text + used, sizeof(out_text) - used, fmt, ap);
	va_end(ap);
}

void out_puts(struct shell_out *out, const char *s)
{
	out_printf(out, "%s", s);
}

struct shell_out *world_out(void)
{
	static struct shell_out out;

	out_text[0] = '\0';
	return &out;
}

const char *world_out_text(void)
{
	return out_text;
}

/* --- devices ------------------------------------------------------------------------------- */

void world_begin(void)
{
	live_before = fake_heap_live();
	fake_log_clear();
	memset(&guest, 0, sizeof(guest));
	strcpy(guest.name, "g");
	guest.nr_irqs = WORLD_IRQS;
	guest.nr_vcpus = 2;
	list_init(&guest.devices);
	list_init(&guest.pins);
	list_init(&guest.watches);
	root = dt_new_tree();
	if (!root)
		abort();
	world_mem_begin();
	memset(lines, 0, sizeof(lines));
	memset(changes, 0, sizeof(changes));
	memset(pulses, 0, sizeof(pulses));
	now = 1000000000u;
	epoch = 0;
	devices = 0;
	resets = 0;
	heard_len = 0;
	world_file(NULL, NULL, 0);
}

long world_end(void)
{
	unsigned i;

	while (!list_empty(&guest.devices))
		world_remove(list_last_entry(&guest.devices, struct emu_dev, link));
	if (heard_port)
		vserial_put(heard_port);
	heard_port = NULL;
	if (dt_del_node(root))
		abort();
	for (i = 0; i < TIMERS; i++) {
		if (timers[i])
			host_violation("a timer is still armed\n");
	}
	if (world_thread_count() || !list_empty(&works))
		host_violation("a thread or work was left\n");
	world_mem_end();
	return (long)(fake_heap_live() - live_before) + (long)world_pages();
}

struct dt_node *world_node(const char *name, const char *compatible)
{
	struct dt_node *node = dt_add_node(root, name);

	if (!node || (!dt_has(node, "compatible") &&
		      dt_set_string(node, "compatible", compatible)))
		abort();
	return node;
}

struct emu_dev *world_probe(struct dt_node *node, uint64_t size, int *err)
{
	struct emu_dev *dev = calloc(1, sizeof(*dev));

	dev->guest = &guest;
	dev->node = node;
	dev->region = calloc(1, sizeof(*dev->region));
	dev->region->flags = REGION_VIRTUAL | REGION_MEMORY;
	dev->region->gpa = WORLD_DEVICE + devices++ * 0x10000000u;
	dev->region->size = size;
	dev->region->dev = dev;
	snprintf(dev->name, sizeof(dev->name), "%s/%s", guest.name, node->name);
	dev->emu = emu_find(node, &dev->match_data);
	dev->errors = world_out();
	*err = dev->emu ? dev->emu->probe(dev) : -ENODEV;
	if (*err) {
		free(dev->region);
		free(dev);
		return NULL;
	}
	list_add_tail(&guest.devices, &dev->link);
	if (dev->emu->ready)
		*err = dev->emu->ready(dev);
	dev->errors = NULL;
	if (dev->emu->reset)
		dev->emu->reset(dev);
	return dev;
}

struct emu_dev *world_child(struct emu_dev *bus, const char *name, const char *compatible,
			    int *err)
{
	struct dt_node *node = dt_child(bus->node, name);
	struct emu_dev *dev = calloc(1, sizeof(*dev));

	if (!node)
		node = dt_add_node(bus->node, name);
	if (!node || (!dt_has(node, "compatible") &&
		      dt_set_string(node, "compatible", compatible)))
		abort();
	dev->guest = &guest;
	dev->node = node;
	dev->region = bus->region;
	dev->parent = bus;
	snprintf(dev->name, sizeof(dev->name), "%s/%s", guest.name, node->name);
	dev->emu = emu_find(node, &dev->match_data);
	dev->errors = world_out();
	*err = dev->emu ? dev->emu->probe(dev) : -ENODEV;
	if (*err) {
		free(dev);
		return NULL;
	}
	list_add_tail(&guest.devices, &dev->link);
	if (dev->emu->ready)
		*err = dev->emu->ready(dev);
	dev->errors = NULL;
	if (dev->emu->reset)
		dev->emu->reset(dev);
	return dev;
}

struct emu_dev *world_device(const char *name, const char *compatible, uint64_t size, uint32_t irq)
{
	struct dt_node *node = world_node(name, compatible);
	struct emu_dev *dev;
	int err;

	if (dt_set_u32(node, "interrupts", irq))
		abort();
	dev = world_probe(node, size, &err);
	if (!dev)
		host_violation("no device %s: %d\n", name, err);
	return dev;
}

void world_remove(struct emu_dev *dev)
{
	list_del(&dev->link);
	if (dev->emu->remove)
		dev->emu->remove(dev);
	if (!dev->parent)
		free(dev->region);
	free(dev);
}

uint64_t world_read(struct emu_dev *dev, uint64_t offset, unsigned size)
{
	struct emu_access acc = { .offset = offset, .size = (uint8_t)size, .value = 0x5a5a5a5a };
	enum emu_result result = emu_access(dev, &acc);

	return result == EMU_OK ? acc.value : WORLD_BAD | result;
}

enum emu_result world_write(struct emu_dev *dev, uint64_t offset, unsigned size, uint64_t value)
{
	struct emu_access acc = { .offset = offset, .size = (uint8_t)size, .value = value,
				  .is_write = true };

	return emu_access(dev, &acc);
}

/* --- serial ports -------------------------------------------------------------------------- */

static void hear(struct vserial_sink *sink, const uint8_t *buf, size_t n)
{
	if (n > HEARD - heard_len)
		n = HEARD - heard_len;
	memcpy(heard + heard_len, buf, n);
	heard_len += n;
}

static struct vserial_sink listener = { .fn = hear };

void world_listen(const char *port)
{
	heard_port = vserial_find(port);
	if (!heard_port)
		host_violation("no port %s\n", port);
	vserial_attach(heard_port, &listener, true);
}

const char *world_heard(void)
{
	heard[heard_len] = '\0';
	heard_len = 0;
	return heard;
}

size_t world_type(const char *port, const char *text)
{
	struct vserial *vs = vserial_find(port);
	size_t n;

	if (!vs)
		host_violation("no port %s\n", port);
	n = vserial_input(vs, (const uint8_t *)text, strlen(text));
	vserial_put(vs);
	return n;
}
