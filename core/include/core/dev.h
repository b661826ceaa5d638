/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver model: a driver names what it matches; the core finds nodes of the
 * host's device tree for it, in the order of the tree, and probes. A probe that
 * needs something which is not there yet returns -EPROBE_DEFER and is tried
 * again when another device has come.
 */
#pragma once

#include <libs/list.h>
#include <libs/util.h>

struct dt_node;
struct device;

struct dt_match {
	const char *compatible; /* NULL ends the table */
	const void *data;
};

/** Order of probing among classes: irqchips and timers first. */
enum driver_class { DRIVER_IRQCHIP, DRIVER_TIMER, DRIVER_SERIAL, DRIVER_OTHER };

struct driver {
	const char *name;
	enum driver_class class;
	const struct dt_match *match;
	/**
	 * Thread context.
	 * @return 0, -EPROBE_DEFER, -ENODEV (nothing usable is there; the driver has said what
	 *         there is to say), or another error (logged with the node's path)
	 */
	int (*probe)(struct device *dev);
	void (*remove)(struct device *dev); /* may be NULL: cannot be removed */
};

struct device {
	struct list link;
	struct dt_node *node;
	const struct driver *driver;
	const void *match_data;
	void *priv; /* the driver's */
};

/* Tables are arrays: no red zones between entries (gcc leaves named sections alone by itself). */
#ifdef __clang__
#define SECTION_PLAIN __attribute__((no_sanitize("address")))
#else
#define SECTION_PLAIN
#endif
#define SECTION_PTR(place, type, var)                                                               \
	static const type *const SECTION_PLAIN __attribute__((used, section(place)))                \
		var##_ptr_ = &(var)
/** Declare a driver: `DRIVER(pl011) { .name = …, };` */
#define DRIVER(ident)                                                                               \
	static const struct driver driver_##ident;                                                  \
	SECTION_PTR(".table.driver", struct driver, driver_##ident);                                \
	static const struct driver driver_##ident =

/** Probe everything of a class that is in the tree and enabled. Thread context, boot. */
void driver_probe_class(enum driver_class class);
/**
 * Probe all that is not bound yet, class by class, again until no deferred one makes progress; what
 * is left waiting is logged. Thread context, boot.
 */
void driver_probe_all(void);
/** Iterate bound devices: NULL gives the first. @return NULL behind the last */
struct device *device_next(struct device *prev);
/**
 * Map entry n of the `reg` of the device's node. Thread context.
 * @return its address, or NULL when it cannot (a log line says why)
 */
void *device_map(struct device *dev, unsigned n);
/** Undo device_map(); @p va is what it returned. */
void device_unmap(struct device *dev, unsigned n, void *va);
