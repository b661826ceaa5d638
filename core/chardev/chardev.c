/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Character devices: the list of them, receive FIFOs, and sending. The list is guarded by
 * list_lock, each FIFO by its device's lock; who sends owns the device by tx_owner.
 *
 * Sending is polled and slow (a UART takes 0.1 ms a byte), so it is done with
 * IRQs on: an interrupt handler that sends on top of its own CPU's sender goes on without
 * waiting, at the price of its text standing amidst the other.
 */
#include <core/chardev.h>

#include <core/cpu.h>
#include <core/dt.h>
#include <core/log.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

#define NAMES_MAX 100

static struct list chardevs = LIST_INIT(chardevs);
static spinlock_t list_lock = SPINLOCK_INIT;
static struct chardev *console;
static bool console_chosen;

static struct chardev *find_name(const char *name)
{
	struct chardev *cd;

	list_for_each_entry(cd, &chardevs, link)
		if (!strcmp(cd->name, name))
			return cd;
	return NULL;
}

/* Is it the device of /chosen stdout-path ("serial0:115200n8", options after the colon)? */
static bool is_stdout(const struct chardev *cd)
{
	struct dt_node *chosen = dt_find("/chosen");
	const char *path = chosen ? dt_string(chosen, "stdout-path", 0) : NULL;
	char buf[128];

	if (!cd->node || !path || strcspn(path, ":") >= sizeof(buf))
		return false;
	strlcpy(buf, path, strcspn(path, ":") + 1);
	return dt_find(buf) == cd->node;
}

int chardev_register(struct chardev *cd, const char *base_name)
{
	bool chosen = is_stdout(cd);
	unsigned long flags;
	unsigned n = 0;

	spin_init(&cd->lock);
	ringbuf_init(&cd->rx, cd->rx_buf, sizeof(cd->rx_buf));
	waitq_init(&cd->readers);
	cd->rx_bytes = cd->tx_bytes = cd->rx_dropped = 0;
	cd->tx_owner = 0;
	cd->tx_last = '\n';
	cd->held = false;
	cd->filter = NULL;

	flags = spin_lock_irqsave(&list_lock);
	do {
		if (n == NAMES_MAX) {
			spin_unlock_irqrestore(&list_lock, flags);
			return -ENOSPC;
		}
		snprintf(cd->name, sizeof(cd->name), "%.16s%u", base_name, n++);
	} while (find_name(cd->name));
	list_add_tail(&chardevs, &cd->link);
	if (!console || (chosen && !console_chosen)) {
		console_chosen = chosen;
		__atomic_store_n(&console, cd, __ATOMIC_RELEASE);
	}
	spin_unlock_irqrestore(&list_lock, flags);
	return 0;
}

void chardev_unregister(struct chardev *cd)
{
	unsigned long flags = spin_lock_irqsave(&list_lock);

	list_del(&cd->link);
	if (console == cd) {
		console_chosen = false;
		__atomic_store_n(&console,
				 list_first_entry_or_null(&chardevs, struct chardev, link),
				 __ATOMIC_RELEASE);
	}
	spin_unlock_irqrestore(&list_lock, flags);
}

struct chardev *chardev_find(const char *name)
{
	struct dt_node *node = *name == '/' ? dt_find(name) : NULL;
	unsigned long flags = spin_lock_irqsave(&list_lock);
	struct chardev *cd, *found = find_name(name);

	if (node)
		list_for_each_entry(cd, &chardevs, link)
			if (cd->node == node)
				found = cd;
	spin_unlock_irqrestore(&list_lock, flags);
	return found;
}

struct chardev *chardev_next(struct chardev *prev)
{
	unsigned long flags = spin_lock_irqsave(&list_lock);
	struct list *at = chardevs.next;

	/* One that went meanwhile leads nowhere: the end. */
	if (prev) {
		while (at != &chardevs && at != &prev->link)
			at = at->next;
		if (at != &chardevs)
			at = at->next;
	}
	spin_unlock_irqrestore(&list_lock, flags);
	return at == &chardevs ? NULL : list_entry(at, struct chardev, link);
}

/* --- receiving ------------------------------------------------------------------------ */

void chardev_receive(struct chardev *cd, const uint8_t *buf, size_t n)
{
	unsigned long flags = spin_lock_irqsave(&cd->lock);
	bool queued = false;

	cd->rx_bytes += n;
	for (size_t i = 0; i < n; i++) {
		if (cd->filter && cd->filter(cd->filter_arg, buf[i]))
			continue;
		if (ringbuf_put(&cd->rx, buf[i]))
			queued = true;
		else
			cd->rx_dropped++;
	}
	if (cd->ops->hold && !cd->held && ringbuf_space(&cd->rx) < cd->ops->batch) {
		cd->held = true;
		cd->ops->hold(cd, true);
	}
	spin_unlock_irqrestore(&cd->lock, flags);
	if (queued)
		waitq_wake_all(&cd->readers);
}

void chardev_hangup(struct chardev *cd)
{
	static const uint8_t ctrl_c = 3;

	chardev_receive(cd, &ctrl_c, 1);
	WRITE_ONCE(cd->gone, true);
	waitq_wake_all(&cd->readers);
}

bool chardev_readable(struct chardev *cd)
{
	return READ_ONCE(cd->rx.used) != 0 || READ_ONCE(cd->gone);
}

size_t chardev_read(struct chardev *cd, void *buf, size_t n, uint64_t deadline)
{
	unsigned long flags;
	size_t got;

	do {
		flags = spin_lock_irqsave(&cd->lock);
		got = ringbuf_read(&cd->rx, buf, n);
		if (cd->held && ringbuf_space(&cd->rx) >= CHARDEV_RX / 2) {
			cd->held = false;
			cd->ops->hold(cd, false);
		}
		spin_unlock_irqrestore(&cd->lock, flags);
	} while (!got && n && deadline && !READ_ONCE(cd->gone) &&
		 waitq_wait_until(&cd->readers, chardev_readable(cd), deadline));
	return got;
}

void chardev_set_filter(struct chardev *cd, bool (*filter)(void *arg, uint8_t byte), void *arg)
{
	unsigned long flags = spin_lock_irqsave(&cd->lock);

	cd->filter = filter;
	cd->filter_arg = arg;
	spin_unlock_irqrestore(&cd->lock, flags);
}

/* --- sending -------------------------------------------------------------------------- */

/* @return false when this CPU is sending already, below an interrupt, or when nobody may wait */
static bool tx_begin(struct chardev *cd)
{
	uint32_t me, none;

	preempt_disable();
	me = this_cpu()->id + 1;
	for (;;) {
		none = 0;
		if (__atomic_compare_exchange_n(&cd->tx_owner, &none, me, false, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return true;
		if (none == me || panic_active())
			return false;
		arch_relax();
	}
}

static void tx_end(struct chardev *cd, bool begun)
{
	if (begun)
		__atomic_store_n(&cd->tx_owner, 0, __ATOMIC_RELEASE);
	preempt_enable();
}

static void send(struct chardev *cd, const char *s, size_t n)
{
	if (!n)
		return;
	cd->ops->write(cd, s, n);
	cd->tx_bytes += n;
	cd->tx_last = (uint8_t)s[n - 1];
}

/* Where the caller may sleep, it does so rather than lose something. */
static void make_room(struct chardev *cd, size_t n)
{
	bool alone;

	if (!cd->ops->make_room || arch_irq_disabled())
		return;
	preempt_disable();
	alone = this_cpu()->preempt_off == 1;
	preempt_enable();
	if (alone)
		cd->ops->make_room(cd, n);
}

void chardev_write(struct chardev *cd, const void *buf, size_t n)
{
	bool begun;

	make_room(cd, n);
	begun = tx_begin(cd);

	send(cd, buf, n);
	tx_end(cd, begun);
}

void chardev_write_text(struct chardev *cd, const char *s, size_t n)
{
	size_t from = 0;
	bool begun;

	make_room(cd, 2 * n);
	begun = tx_begin(cd);

	for (size_t i = 0; i < n; i++) {
		if (s[i] != '\n' || (i ? s[i - 1] : cd->tx_last) == '\r')
			continue;
		send(cd, s + from, i - from);
		send(cd, "\r", 1);
		from = i;
	}
	send(cd, s + from, n - from);
	tx_end(cd, begun);
}

/* --- which one is the console ----------------------------------------------------------- */

struct chardev *chardev_console(void)
{
	return READ_ONCE(console);
}

void chardev_set_console(struct chardev *cd)
{
	unsigned long flags = spin_lock_irqsave(&list_lock);

	console_chosen = true;
	__atomic_store_n(&console, cd, __ATOMIC_RELEASE);
	spin_unlock_irqrestore(&list_lock, flags);
}
