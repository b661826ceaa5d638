/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Switches and ports: making, attaching, setting, removing. net_mutex guards the lists and all
 * changes; what a frame's way reads is published and taken back as net_priv.h says.
 */
#include "net_priv.h"

#include <core/log.h>
#include <core/mem.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

#define PORTS_STEP 8
#define PORTS_MAX  65535
#define VLAN_WORDS (4096 / 32)

struct mutex net_mutex = MUTEX_INIT(net_mutex);
struct list net_switches = LIST_INIT(net_switches);
struct list net_port_list = LIST_INIT(net_port_list);

void net_list_lock(void)
{
	mutex_lock(&net_mutex);
}

void net_list_unlock(void)
{
	mutex_unlock(&net_mutex);
}

struct net_switch *net_switch_next(struct net_switch *prev)
{
	struct list *next = prev ? prev->link.next : net_switches.next;

	return next == &net_switches ? NULL : list_entry(next, struct net_switch, link);
}

struct net_port *net_port_next(struct net_port *prev)
{
	struct list *next = prev ? prev->link.next : net_port_list.next;

	return next == &net_port_list ? NULL : list_entry(next, struct net_port, link);
}

struct net_switch *net_switch_find(const char *name)
{
	struct net_switch *sw;

	list_for_each_entry(sw, &net_switches, link) {
		if (!strcmp(sw->name, name))
			return sw;
	}
	return NULL;
}

struct net_port *net_port_find(const char *name)
{
	struct net_port *port;

	list_for_each_entry(port, &net_port_list, link) {
		if (!strcmp(port->name, name))
			return port;
	}
	return NULL;
}

bool net_name_ok(const char *name)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-_.";
	size_t n = strlen(name);

	return n && n < sizeof(((struct net_switch *)0)->name) && strspn(name, good) == n &&
	       !strchr("-_.", name[0]);
}

/* --- attaching: net_mutex ------------------------------------------------------------------ */

/** A free place in the switch's table of ports, which is made larger if need be. */
static int find_place(struct net_switch *sw, uint16_t *index)
{
	struct net_ports *old = sw->ports, *larger;
	unsigned i;

	for (i = 0; i < old->n && old->at[i]; i++)
		;
	*index = (uint16_t)i;
	if (i < old->n)
		return 0;
	if (i >= PORTS_MAX - PORTS_STEP)
		return -ENOSPC;
	larger = heap_zalloc(sizeof(*larger) + (old->n + PORTS_STEP) * sizeof(larger->at[0]));
	if (!larger)
		return -ENOMEM;
	larger->n = old->n + PORTS_STEP;
	memcpy(larger->at, old->at, old->n * sizeof(old->at[0]));
	__atomic_store_n(&sw->ports, larger, __ATOMIC_RELEASE);
	net_synchronize();
	heap_free(old);
	return 0;
}

static int attach_locked(struct net_port *port, struct net_switch *sw)
{
	int err = find_place(sw, &port->index);

	if (!err && port->ops->link)
		err = port->ops->link(port, true);
	if (err)
		return err;
	port->macs = 0;
	__atomic_store_n(&sw->ports->at[port->index], port, __ATOMIC_RELEASE);
	sw->nr_ports++;
	macs_limit(sw);
	__atomic_store_n(&port->sw, sw, __ATOMIC_RELEASE);
	return 0;
}

static void detach_locked(struct net_port *port)
{
	struct net_switch *sw = port->sw;

	if (!sw)
		return;
	__atomic_store_n(&port->sw, NULL, __ATOMIC_RELEASE);
	__atomic_store_n(&sw->ports->at[port->index], NULL, __ATOMIC_RELEASE);
	net_synchronize();
	/* Nobody learns it any more; its place may be another's from now on. */
	macs_forget(sw, port);
	port->macs = 0;
	sw->nr_ports--;
	macs_limit(sw);
	if (port->ops->link && port->ops->link(port, false))
		log_warn("net: port %s did not accept that it was detached", port->name);
}

static int attach_name_locked(struct net_port *port, const char *name)
{
	struct net_switch *sw;
	int err;

	if (!net_name_ok(name))
		return -EINVAL;
	if (port->sw)
		return -EBUSY;
	sw = net_switch_find(name);
	err = sw ? attach_locked(port, sw) : 1;
	if (err >= 0)
		strlcpy(port->wants, name, sizeof(port->wants));
	return err;
}

/* --- ports --------------------------------------------------------------------------------- */

int net_port_register(struct net_port *port)
{
	int err = 0;

	mutex_lock(&net_mutex);
	if (net_port_find(port->name) || net_switch_find(port->name))
		err = -EEXIST;
	else
		list_add_tail(&net_port_list, &port->link);
	mutex_unlock(&net_mutex);
	return err;
}

void net_port_unregister(struct net_port *port)
{
	struct net_capture *capture;

	mutex_lock(&net_mutex);
	port->wants[0] = '\0';
	detach_locked(port);
	/* A burst that found no switch may still be under way. */
	net_synchronize();
	list_del(&port->link);
	capture = port->capture;
	port->capture = NULL;
	heap_free(port->vlans);
	heap_free(port->rate);
	port->vlans = NULL;
	port->rate = NULL;
	mutex_unlock(&net_mutex);
	net_capture_end(capture);
}

int net_port_attach(struct net_port *port, const char *switch_name)
{
	int err;

	mutex_lock(&net_mutex);
	err = attach_name_locked(port, switch_name);
	mutex_unlock(&net_mutex);
	return err;
}

void net_port_detach(struct net_port *port)
{
	mutex_lock(&net_mutex);
	port->wants[0] = '\0';
	detach_locked(port);
	mutex_unlock(&net_mutex);
}

int net_port_attach_name(const char *name, const char *switch_name)
{
	struct net_port *port;
	int err;

	mutex_lock(&net_mutex);
	port = net_port_find(name);
	err = port ? attach_name_locked(port, switch_name) : -ENOENT;
	mutex_unlock(&net_mutex);
	return err;
}

int net_port_detach_name(const char *name)
{
	struct net_port *port;

	mutex_lock(&net_mutex);
	port = net_port_find(name);
	if (port) {
		port->wants[0] = '\0';
		detach_locked(port);
	}
	mutex_unlock(&net_mutex);
	return port ? 0 : -ENOENT;
}

/* --- settings of ports --------------------------------------------------------------------- */

static int set_vlans(const char *name, struct net_vlans *vlans)
{
	struct net_port *port;
	struct net_vlans *old = vlans;

	mutex_lock(&net_mutex);
	port = net_port_find(name);
	if (port) {
		old = port->vlans;
		__atomic_store_n(&port->vlans, vlans, __ATOMIC_RELEASE);
		net_synchronize();
		/* Addresses are learned for each VLAN. */
		if (port->sw)
			macs_forget(port->sw, port);
	}
	mutex_unlock(&net_mutex);
	heap_free(old);
	return port ? 0 : -ENOENT;
}

int net_port_set_access(const char *name, uint16_t vid)
{
	struct net_vlans *vlans = NULL;

	if (!vid || vid > NET_VLAN_MAX)
		return -EINVAL;
	if (vid != NET_VLAN_DEFAULT) {
		vlans = heap_zalloc(sizeof(*vlans));
		if (!vlans)
			return -ENOMEM;
		vlans->native = vid;
	}
	return set_vlans(name, vlans);
}

int net_port_set_trunk(const char *name, const uint32_t *allowed, uint16_t native)
{
	struct net_vlans *vlans;

	if (native > NET_VLAN_MAX)
		return -EINVAL;
	vlans = heap_zalloc(sizeof(*vlans) + VLAN_WORDS * sizeof(vlans->allowed[0]));
	if (!vlans)
		return -ENOMEM;
	vlans->trunk = true;
	vlans->native = native;
	memcpy(vlans->allowed, allowed, VLAN_WORDS * sizeof(vlans->allowed[0]));
	return set_vlans(name, vlans);
}

static bool allows(const struct net_vlans *vlans, unsigned vid)
{
	return vid <= NET_VLAN_MAX && vlans->allowed[vid / 32] & BIT32(vid % 32);
}

void net_port_vlan_text(const struct net_port *port, char *buf, size_t size)
{
	const struct net_vlans *vlans = port->vlans;
	char part[24];
	unsigned vid, last;

	if (!vlans || !vlans->trunk) {
		snprintf(buf, size, "%u", vlans ? vlans->native : NET_VLAN_DEFAULT);
		return;
	}
	strlcpy(buf, "trunk", size);
	for (vid = 1; vid <= NET_VLAN_MAX; vid = last + 1) {
		last = vid;
		if (!allows(vlans, vid))
			continue;
		while (allows(vlans, last + 1))
			last++;
		snprintf(part, sizeof(part), last == vid ? "%c%u" : "%c%u-%u",
			 strchr(buf, ' ') ? ',' : ' ', vid, last);
		strlcat(buf, part, size);
	}
	if (vlans->native) {
		snprintf(part, sizeof(part), " native %u", vlans->native);
		strlcat(buf, part, size);
	}
}

int net_port_set_rate(const char *name, uint64_t bytes, uint64_t frames)
{
	struct net_rate *rate = NULL, *old;
	struct net_port *port;

	if (bytes || frames) {
		rate = net_rate_create(bytes, frames);
		if (!rate)
			return -ENOMEM;
	}
	old = rate;
	mutex_lock(&net_mutex);
	port = net_port_find(name);
	if (port) {
		old = port->rate;
		__atomic_store_n(&port->rate, rate, __ATOMIC_RELEASE);
		net_synchronize();
	}
	mutex_unlock(&net_mutex);
	heap_free(old);
	return port ? 0 : -ENOENT;
}

/* --- switches ------------------------------------------------------------------------------ */

static void switch_free(struct net_switch *sw)
{
	macs_fini(sw);
	heap_free(sw->ports);
	heap_free(sw);
}

static struct net_switch *switch_alloc(const char *name, enum net_policy policy)
{
	struct net_switch *sw = heap_zalloc(sizeof(*sw));

	if (!sw)
		return NULL;
	strlcpy(sw->name, name, sizeof(sw->name));
	sw->policy = policy;
	sw->age = net_moments(NET_AGE_DEFAULT);
	sw->ports = heap_zalloc(sizeof(*sw->ports));
	if (!sw->ports || macs_init(sw)) {
		switch_free(sw);
		return NULL;
	}
	return sw;
}

/** Ports that waited for a switch of this name. */
static void attach_waiting(struct net_switch *sw)
{
	struct net_port *port;

	list_for_each_entry(port, &net_port_list, link) {
		int err;

		if (port->sw || strcmp(port->wants, sw->name))
			continue;
		err = attach_locked(port, sw);
		if (err)
			log_error("net: port %s cannot be attached to switch %s: %s", port->name,
				  sw->name, error_text(err));
	}
}

int net_switch_create(const char *name, enum net_policy policy)
{
	struct net_switch *sw;
	int err = 0;

	if (!net_name_ok(name))
		return -EINVAL;
	sw = switch_alloc(name, policy);
	if (!sw)
		return -ENOMEM;
	mutex_lock(&net_mutex);
	if (net_switch_find(name) || net_port_find(name)) {
		err = -EEXIST;
	} else {
		list_add_tail(&net_switches, &sw->link);
		attach_waiting(sw);
	}
	mutex_unlock(&net_mutex);
	if (err)
		switch_free(sw);
	return err;
}

int net_switch_destroy(const char *name, unsigned *ports)
{
	struct net_switch *sw;
	struct net_port *port;
	unsigned n = 0;

	mutex_lock(&net_mutex);
	sw = net_switch_find(name);
	if (sw) {
		list_del(&sw->link);
		list_for_each_entry(port, &net_port_list, link) {
			if (port->sw != sw)
				continue;
			n++;
			detach_locked(port);
			/* An interface of the host goes only where a person says. */
			if (port->uplink)
				port->wants[0] = '\0';
		}
	}
	mutex_unlock(&net_mutex);
	if (ports)
		*ports = n;
	if (!sw)
		return -ENOENT;
	net_capture_end(sw->capture);
	switch_free(sw);
	return 0;
}

int net_switch_set_age(const char *name, uint32_t seconds)
{
	struct net_switch *sw;

	if (!seconds || seconds > NET_AGE_MAX)
		return -EINVAL;
	mutex_lock(&net_mutex);
	sw = net_switch_find(name);
	if (sw)
		WRITE_ONCE(sw->age, net_moments(seconds));
	mutex_unlock(&net_mutex);
	return sw ? 0 : -ENOENT;
}

int net_switch_flush(const char *name)
{
	struct net_switch *sw;

	mutex_lock(&net_mutex);
	sw = net_switch_find(name);
	if (sw)
		macs_forget(sw, NULL);
	mutex_unlock(&net_mutex);
	return sw ? 0 : -ENOENT;
}

void net_switch_info(const struct net_switch *sw, struct net_switch_info *info)
{
	info->name = sw->name;
	info->policy = sw->policy;
	info->ports = sw->nr_ports;
	info->macs = sw->nr_macs;
	info->mac_slots = sw->macs->count;
	info->age = (uint32_t)((((uint64_t)sw->age << 30) + 999999999) / 1000000000);
	info->capture = sw->capture;
}
