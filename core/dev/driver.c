/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver model: brings drivers and nodes of the host's device tree together. probe_mutex
 * serialises probing and guards the three lists; the one of bound devices only grows, so it is
 * read without the mutex once boot is over.
 */
#include <core/dev.h>

#include <core/dt.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/table.h>
#include <core/thread.h>
#include <libs/errno.h>
#include <libs/string.h>

TABLE(struct driver, driver);

static struct mutex probe_mutex = MUTEX_INIT(probe_mutex);
static struct list bound = LIST_INIT(bound);
static struct list deferred = LIST_INIT(deferred);
static struct list failed = LIST_INIT(failed);	/* kept so that they are not tried again */

struct device *device_next(struct device *prev)
{
	struct list *next = prev ? prev->link.next : bound.next;

	return next == &bound ? NULL : list_entry(next, struct device, link);
}

/* --- matching ------------------------------------------------------------------------- */

static const struct dt_match *match_string(const struct driver *driver, const char *compatible)
{
	const struct dt_match *match;

	for (match = driver->match; match->compatible; match++)
		if (!strcmp(match->compatible, compatible))
			return match;
	return NULL;
}

/* The driver for the most specific of a node's compatible strings, which come first. */
static const struct driver *find_driver(const struct dt_node *node, enum driver_class class,
					const void **data)
{
	const struct dt_prop *prop = dt_prop(node, "compatible");
	const char *compatible;
	uint32_t at, len;

	for (at = 0; prop && at < prop->len; at += len + 1) {
		compatible = (const char *)prop->data + at;
		len = (uint32_t)strnlen(compatible, prop->len - at);
		if (len == prop->len - at)
			break;	/* not terminated */
		table_for_each(struct driver, driver, driver) {
			const struct dt_match *match;

			if ((*driver)->class != class)
				continue;
			match = match_string(*driver, compatible);
			if (match) {
				*data = match->data;
				return *driver;
			}
		}
	}
	return NULL;
}

static bool class_has_drivers(enum driver_class class)
{
	table_for_each(struct driver, driver, driver)
		if ((*driver)->class == class)
			return true;
	return false;
}

/* --- probing --------------------------------------------------------------------------- */

static void report(const struct device *dev, int err)
{
	char path[128];

	if (err == -ENODEV)
		return;
	dt_path(dev->node, path, sizeof(path));
	if (err == -EPROBE_DEFER)
		log_warn("%s: driver %s waits for something that no other driver supplies", path,
			 dev->driver->name);
	else
		log_error("%s: driver %s cannot take it: %s", path, dev->driver->name,
			  error_text(err));
}

/* Try once, and put the device where it belongs. @return true when it is bound now */
static bool try_probe(struct device *dev)
{
	int err = dev->driver->probe(dev);

	list_del(&dev->link);
	if (err == -EPROBE_DEFER) {
		list_add_tail(&deferred, &dev->link);
	} else if (err) {
		list_add_tail(&failed, &dev->link);
		report(dev, err);
	} else {
		list_add_tail(&bound, &dev->link);
	}
	return !err;
}

/* @return true when a device was bound */
static bool probe_node(struct dt_node *node, enum driver_class class)
{
	const struct driver *driver;
	const void *data = NULL;
	struct device *dev;

	if (node->owner)
		return false;
	driver = find_driver(node, class, &data);
	if (!driver || !dt_available(node))
		return false;
	dev = heap_zalloc(sizeof(*dev));
	if (!dev) {
		log_error("out of memory while looking for devices");
		return false;
	}
	list_init(&dev->link);
	dev->node = dt_get(node);
	dev->driver = driver;
	dev->match_data = data;
	node->owner = dev;
	return try_probe(dev);
}

static bool probe_class(enum driver_class class)
{
	struct dt_node *root = dt_root(), *guests = dt_child(root, "guests"), *node;
	bool progress = false;

	if (!class_has_drivers(class))
		return false;
	/* What is below /guests describes other machines than this one. */
	for (node = root; node; node = dt_next(node, root)) {
		const struct dt_node *top = node;

		while (guests && top->parent && top->parent != root)
			top = top->parent;
		if (!guests || top != guests)
			progress |= probe_node(node, class);
	}
	return progress;
}

/* Those that could not be probed yet, until none of them makes progress. */
static void probe_deferred(void)
{
	bool progress = true;

	while (progress) {
		struct list again = LIST_INIT(again);

		progress = false;
		list_splice_tail(&again, &deferred);
		while (!list_empty(&again))
			progress |= try_probe(list_first_entry(&again, struct device, link));
	}
}

void driver_probe_class(enum driver_class class)
{
	mutex_lock(&probe_mutex);
	if (probe_class(class))
		probe_deferred();
	mutex_unlock(&probe_mutex);
}

void driver_probe_all(void)
{
	struct device *dev;

	mutex_lock(&probe_mutex);
	for (int class = DRIVER_IRQCHIP; class <= DRIVER_OTHER; class++)
		probe_class((enum driver_class)class);
	probe_deferred();
	list_for_each_entry(dev, &deferred, link)
		report(dev, -EPROBE_DEFER);
	mutex_unlock(&probe_mutex);
}

/* --- registers ---------------------------------------------------------------------------- */

void *device_map(struct device *dev, unsigned n)
{
	uint64_t pa = 0, size = 0;
	int err = dt_reg(dev->node, n, &pa, &size);
	void *va = NULL;
	char path[128];

	if (!err && size)
		va = mem_map_device(pa, size);
	if (va)
		return va;
	dt_path(dev->node, path, sizeof(path));
	if (err || !size)
		log_error("%s: entry %u of reg gives no address range of this machine", path, n);
	else
		log_error("%s: no room to map registers at 0x%llx", path, (unsigned long long)pa);
	return NULL;
}

void device_unmap(struct device *dev, unsigned n, void *va)
{
	uint64_t pa, size;

	if (!dt_reg(dev->node, n, &pa, &size))
		mem_unmap_device(va, size);
}
