/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What people do with networks: make switches, attach ports, set VLANs and rates, look at counters
 * and learned addresses, capture. Thread context; core/net's mutex is taken inside unless a
 * function says otherwise.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <core/net.h>

#define NET_VLAN_MAX 4094
#define NET_VLAN_DEFAULT 1
#define NET_AGE_DEFAULT 300 /**< seconds (IEEE 802.1D, 7.9.2) */
#define NET_AGE_MAX 1000000

enum net_policy {
	NET_POLICY_BRIDGE, /**< learns addresses */
	NET_POLICY_HUB,	   /**< every frame to every other port */
};

/** Is this a name that a switch may have: 1 to 31 letters, digits, '-', '_', '.'? */
bool net_name_ok(const char *name);
/**
 * Make a switch; ports that want one of this name are attached to it.
 * @return 0, -EEXIST, -EINVAL (name), -ENOMEM
 */
must_check int net_switch_create(const char *name, enum net_policy policy);
/**
 * Remove a switch; guests' ports stay without link, and are attached again if one of this name is
 * created.
 * @param ports  gets how many there were; may be NULL
 * @return 0 or -ENOENT
 */
must_check int net_switch_destroy(const char *name, unsigned *ports);
/** Seconds after which an address that nothing was heard of is forgotten. @return 0, -ENOENT */
must_check int net_switch_set_age(const char *name, uint32_t seconds);
/** Forget all learned addresses. @return 0 or -ENOENT */
must_check int net_switch_flush(const char *name);

/* --- looking: under net_list_lock() -------------------------------------------------------- */

void net_list_lock(void);
void net_list_unlock(void);
/** Iterate: NULL gives the first. @return NULL behind the last */
struct net_switch *net_switch_next(struct net_switch *prev);
struct net_switch *net_switch_find(const char *name);
/** All ports, those of one switch together only if the caller sorts them. */
struct net_port *net_port_next(struct net_port *prev);
struct net_port *net_port_find(const char *name);
struct netdev *netdev_next(struct netdev *prev);

struct net_switch_info {
	const char *name;
	enum net_policy policy;
	unsigned ports, macs, mac_slots;
	uint32_t age; /* seconds */
	const struct net_capture *capture;
};
void net_switch_info(const struct net_switch *sw, struct net_switch_info *info);

/** A learned address. */
struct net_mac_info {
	uint8_t mac[NET_MAC_LEN];
	uint16_t vlan;
	const struct net_port *port;
	uint32_t age; /* seconds since it was heard */
};
void net_switch_macs(struct net_switch *sw, void (*fn)(const struct net_mac_info *mac, void *arg),
		     void *arg);

/* --- ports, by name: -ENOENT when there is none -------------------------------------------- */

must_check int net_port_attach_name(const char *port, const char *switch_name);
must_check int net_port_detach_name(const char *port);
/** Belong to one VLAN; its frames have no tag on this port. @param vid 1 ... NET_VLAN_MAX */
must_check int net_port_set_access(const char *port, uint16_t vid);
/**
 * Carry tagged frames of several VLANs.
 * @param allowed  a bit each, 4096 of them
 * @param native   VLAN of frames without a tag; 0: they are dropped
 */
must_check int net_port_set_trunk(const char *port, const uint32_t *allowed, uint16_t native);
/** "1", "trunk 2-5,7 native 1" into buf. Under net_list_lock(). */
void net_port_vlan_text(const struct net_port *port, char *buf, size_t size);
/** Limit what the port sends: bytes and frames a second; 0: no limit. */
must_check int net_port_set_rate(const char *port, uint64_t bytes, uint64_t frames);
/** The limits. Under net_list_lock(). */
void net_port_rate(const struct net_port *port, uint64_t *bytes, uint64_t *frames);

/* --- capture ------------------------------------------------------------------------------- */

/**
 * Write frames of a switch, or of one port (both directions), to a file in the format of pcap,
 * until net_capture_stop() or an error, which is logged.
 * @param target  name of a switch or of a port
 * @return 0, -ENXIO (no such target), -EALREADY (it has a capture), -ENOMEM, or as
 *         vfs_open_flags() and vfs_write()
 */
must_check int net_capture_start(const char *target, const char *path);
/** @return 0 (also when writing had failed), -ENXIO (no such target), -ENODATA (no capture) */
must_check int net_capture_stop(const char *target);
struct net_capture_info {
	const char *path;
	uint64_t frames, bytes, dropped;
	int err; /* 0, or why it ended */
};
/** Under net_list_lock(). */
void net_capture_info(const struct net_capture *capture, struct net_capture_info *info);
