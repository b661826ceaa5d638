/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * net: switches, their ports, the host's interfaces; counters, learned addresses. No data of its
 * own.
 */
#include <core/netswitch.h>

#include <core/shell.h>
#include <libs/errno.h>
#include <libs/parse.h>
#include <libs/printf.h>
#include <libs/string.h>

#include "net_set.h"

#define MAC_TEXT 18

static const char *mac_text(char *buf, const uint8_t *mac)
{
	snprintf(buf, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
		 mac[4], mac[5]);
	return buf;
}

static const char *switch_name(const struct net_switch *sw)
{
	struct net_switch_info info;

	if (!sw)
		return NULL;
	net_switch_info(sw, &info);
	return info.name;
}

/* --- completion ---------------------------------------------------------------------------- */

void net_offer_switches(struct completion_list *list, const char *key)
{
	struct net_switch *sw = NULL;

	net_list_lock();
	while ((sw = net_switch_next(sw)))
		completion_add(list, key, switch_name(sw));
	net_list_unlock();
}

void net_offer_ports(struct completion_list *list, const char *key)
{
	struct net_port *port = NULL;

	net_list_lock();
	while ((port = net_port_next(port)))
		completion_add(list, key, port->name);
	net_list_unlock();
}

static void offer_both(struct completion_list *list, const char *key)
{
	net_offer_switches(list, key);
	net_offer_ports(list, key);
}

static void offer_devices(struct completion_list *list, const char *key)
{
	struct netdev *nd = NULL;

	net_list_lock();
	while ((nd = netdev_next(nd)))
		completion_add(list, key, nd->name);
	net_list_unlock();
}

/* --- tables -------------------------------------------------------------------------------- */

static int run_switches(struct shell *sh, int argc, char **argv)
{
	struct table *t = table_create("NAME|POLICY|>PORTS|>ADDRESSES|>AGE");
	struct net_switch *sw = NULL;
	struct net_switch_info i;

	net_list_lock();
	while ((sw = net_switch_next(sw))) {
		net_switch_info(sw, &i);
		table_row(t, "%s|%s|%u|%u|%u s", i.name,
			  i.policy == NET_POLICY_HUB ? "hub" : "bridge", i.ports, i.macs, i.age);
	}
	net_list_unlock();
	table_print(t, shell_output(sh));
	return 0;
}

/* "10M/s 1000 frames/s", or "-". */
static void rate_text(const struct net_port *port, char *buf, size_t size)
{
	uint64_t bytes, frames;
	char part[24];

	net_port_rate(port, &bytes, &frames);
	strlcpy(buf, bytes || frames ? "" : "-", size);
	if (bytes)
		snprintf(buf, size, "%s/s", format_size(part, sizeof(part), bytes));
	if (frames) {
		snprintf(part, sizeof(part), "%s%" PRIu64 "/s", bytes ? ", " : "", frames);
		strlcat(buf, part, size);
	}
}

static int run_policies(struct shell *sh, int argc, char **argv)
{
	sh_printf(sh, "bridge\nhub\n");
	return 0;
}

static int run_ports(struct shell *sh, int argc, char **argv)
{
	struct table *t = table_create("PORT|SWITCH|LINK|ADDRESS|>MTU|VLAN|RATE");
	struct net_port *port = NULL;
	char mac[MAC_TEXT], vlan[80], rate[48];
	const char *name;

	net_list_lock();
	while ((port = net_port_next(port))) {
		name = switch_name(port->sw);
		net_port_vlan_text(port, vlan, sizeof(vlan));
		rate_text(port, rate, sizeof(rate));
		table_row(t, "%s|%s%s%s|%s|%s|%u|%s|%s", port->name, name ? "" : "(",
			  name ? name : port->wants[0] ? port->wants : "-", name ? "" : ")",
			  name ? "up" : "down", mac_text(mac, port->mac),
			  port->mtu ? port->mtu : NET_MTU, vlan, rate);
	}
	net_list_unlock();
	table_print(t, shell_output(sh));
	return 0;
}

static int run_devices(struct shell *sh, int argc, char **argv)
{
	struct table *t = table_create("NAME|DRIVER|ADDRESS|>MTU|LINK|SWITCH");
	struct netdev *nd = NULL;
	char mac[MAC_TEXT];
	const char *name;

	net_list_lock();
	while ((nd = netdev_next(nd))) {
		name = switch_name(nd->port.sw);
		table_row(t, "%s|%s|%s|%u|%s|%s", nd->name, nd->driver, mac_text(mac, nd->mac),
			  nd->mtu, nd->link_up ? "up" : "down", name ? name : "-");
	}
	net_list_unlock();
	table_print(t, shell_output(sh));
	return 0;
}

struct mac_rows {
	struct table *table;
	const char *sw;
};

static void mac_row(const struct net_mac_info *info, void *arg)
{
	struct mac_rows *rows = arg;
	char mac[MAC_TEXT];

	table_row(rows->table, "%s|%s|%u|%s|%u s", rows->sw, mac_text(mac, info->mac), info->vlan,
		  info->port->name, info->age);
}

/* @return -ENOENT when there is a name and no such switch */
static int check_switch(struct shell *sh, const char *name)
{
	struct net_switch *sw;

	net_list_lock();
	sw = net_switch_find(name);
	net_list_unlock();
	return sw ? 0 : sh_error(sh, -ENOENT, "there is no switch '%s'; 'net switches' lists them",
				 name);
}

static int run_macs(struct shell *sh, int argc, char **argv)
{
	struct mac_rows rows;
	struct net_switch *sw = NULL;
	int err = argc ? check_switch(sh, argv[0]) : 0;

	if (err)
		return err;
	rows.table = table_create("SWITCH|ADDRESS|>VLAN|PORT|>AGE");
	net_list_lock();
	while ((sw = net_switch_next(sw))) {
		rows.sw = switch_name(sw);
		if (!argc || !strcmp(rows.sw, argv[0]))
			net_switch_macs(sw, mac_row, &rows);
	}
	net_list_unlock();
	table_print(rows.table, shell_output(sh));
	return 0;
}

static int run_stats(struct shell *sh, int argc, char **argv)
{
	struct table *t;
	struct net_port *port = NULL;
	const char *of;
	bool found = !argc;

	net_list_lock();
	if (argc)
		found = net_switch_find(argv[0]) || net_port_find(argv[0]);
	net_list_unlock();
	if (!found)
		return sh_error(sh, -ENOENT, "there is no switch or port '%s'; 'net ports' lists "
				"both", argv[0]);
	t = table_create("PORT|>TO IT|>BYTES|>DROPPED|>FROM IT|>BYTES|>REFUSED|>LIMITED");
	net_list_lock();
	while ((port = net_port_next(port))) {
		const struct net_stats *s = &port->stats;

		of = switch_name(port->sw);
		if (argc && strcmp(port->name, argv[0]) && !(of && !strcmp(of, argv[0])))
			continue;
		table_row(t, "%s|%" PRIu64 "|%" PRIu64 "|%" PRIu64 "|%" PRIu64 "|%" PRIu64
			  "|%" PRIu64 "|%" PRIu64, port->name, s->rx_frames, s->rx_bytes,
			  s->rx_dropped, s->tx_frames, s->tx_bytes, s->tx_dropped, s->tx_limited);
	}
	net_list_unlock();
	table_print(t, shell_output(sh));
	return 0;
}

static void capture_row(struct table *t, const char *target, const struct net_capture *capture)
{
	struct net_capture_info info;

	if (!capture)
		return;
	net_capture_info(capture, &info);
	table_row(t, "%s|%" PRIu64 "|%" PRIu64 "|%" PRIu64 "|%s|%s", target, info.frames,
		  info.bytes, info.dropped, info.err ? error_text(info.err) : "goes on", info.path);
}

static int run_captures(struct shell *sh, int argc, char **argv)
{
	struct table *t = table_create("OF|>FRAMES|>BYTES WRITTEN|>DROPPED|STATE|FILE");
	struct net_switch_info i;
	struct net_switch *sw = NULL;
	struct net_port *port = NULL;

	net_list_lock();
	while ((sw = net_switch_next(sw))) {
		net_switch_info(sw, &i);
		capture_row(t, i.name, i.capture);
	}
	while ((port = net_port_next(port)))
		capture_row(t, port->name, port->capture);
	net_list_unlock();
	table_print(t, shell_output(sh));
	return 0;
}

#define SWITCH_ARG ARG_OFFER("switch", net_offer_switches)
#define PORT_ARG   ARG_OFFER("port", net_offer_ports)
#define KEYS(keys_, offer_)                                                                        \
	{ .name = "key=value", .choices = keys_, .offer = offer_, .type = ARG_KEYS,                \
	  .optional = true, .rest = true }

static const struct command_sub subs[] = {
	{ "switches", "list switches", NULL, run_switches },
	{ "ports", "list the ports of guests and of the host's interfaces", NULL, run_ports },
	{ "switch list", "the same as switches", NULL, run_switches },
	{ "port list", "the same as ports", NULL, run_ports },
	{ "policy list", "what switches can be", NULL, run_policies },
	{ "devices", "list the host's network interfaces", NULL, run_devices },
	{ "stats", "count what went through ports",
	  ARGS(ARG_OPT_OFFER("switch or port", offer_both)), run_stats },
	{ "macs", "list learned addresses", ARGS(ARG_OPT_OFFER("switch", net_offer_switches)),
	  run_macs },
	{ "capture", "write frames to a file, in the format of pcap",
	  ARGS(ARG_OFFER("switch or port", offer_both), ARG(FILE, "file")), net_capture_run_on },
	{ "capture off", "end that", ARGS(ARG_OFFER("switch or port", offer_both)),
	  net_capture_run_off },
	{ "captures", "list captures", NULL, run_captures },
	{ "switch create", "make a switch",
	  ARGS(ARG(WORD, "name"), KEYS("policy=bridge,hub|age=", NULL)), net_switch_run_create },
	{ "switch destroy", "remove a switch; its ports have no link then", ARGS(SWITCH_ARG),
	  net_switch_run_destroy },
	{ "switch set", "change a switch", ARGS(SWITCH_ARG, KEYS("age=", NULL)),
	  net_switch_run_set },
	{ "switch flush", "forget learned addresses", ARGS(SWITCH_ARG), net_switch_run_flush },
	{ "port add", "make an interface of the host the uplink of a switch",
	  ARGS(SWITCH_ARG, { .name = "uplink=<device>", .choices = "uplink=!",
			     .offer = offer_devices, .type = ARG_KEYS }),
	  net_port_run_add },
	{ "port del", "take a port from its switch", ARGS(PORT_ARG), net_port_run_detach },
	{ "port attach", "put a guest's port into a switch", ARGS(PORT_ARG, SWITCH_ARG),
	  net_port_run_attach },
	{ "port detach", "take a port from its switch", ARGS(PORT_ARG), net_port_run_detach },
	{ "port set", "VLANs and limits of a port",
	  ARGS(PORT_ARG, KEYS("vlan=|trunk=all|native=|rate=|frames=", NULL)), net_port_run_set },
	{ .run = NULL },
};

COMMAND(net) { "net", "networks: switches, ports, interfaces", subs };
