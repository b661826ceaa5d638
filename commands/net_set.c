/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * net: making and removing switches, attaching ports, their VLANs and limits. No data of its own.
 */
#include "net_set.h"

#include <core/mem.h>
#include <core/netswitch.h>
#include <core/shell.h>
#include <libs/errno.h>
#include <libs/parse.h>
#include <libs/printf.h>
#include <libs/string.h>

#define VLAN_WORDS (4096 / 32)

/* Value of a word "key=value" when that is its key. */
static const char *value_of(const char *word, const char *key)
{
	size_t n = strlen(key);

	return !strncmp(word, key, n) && word[n] == '=' ? word + n + 1 : NULL;
}

static int unknown_key(struct shell *sh, const char *word, const char *keys)
{
	if (!*word)
		return sh_error(sh, -EINVAL, "nothing is said to be set; there are %s", keys);
	return sh_error(sh, -EINVAL, "'%s' is none of %s", word, keys);
}

static int no_switch(struct shell *sh, const char *name)
{
	return sh_error(sh, -ENOENT, "there is no switch '%s'; 'net switches' lists them", name);
}

static int no_port(struct shell *sh, const char *name)
{
	return sh_error(sh, -ENOENT, "there is no port '%s'; 'net ports' lists them", name);
}

/* --- switches ------------------------------------------------------------------------------ */

static int parse_age(struct shell *sh, const char *value, uint32_t *age)
{
	if (!parse_u32(value, age) && *age && *age <= NET_AGE_MAX)
		return 0;
	return sh_error(sh, -EINVAL, "age=%s is no number of seconds from 1 to %u", value,
			NET_AGE_MAX);
}

static int parse_policy(struct shell *sh, const char *value, enum net_policy *policy)
{
	*policy = !strcmp(value, "hub") ? NET_POLICY_HUB : NET_POLICY_BRIDGE;
	if (*policy == NET_POLICY_HUB || !strcmp(value, "bridge"))
		return 0;
	return sh_error(sh, -EINVAL, "'%s' is no policy: there are bridge and hub", value);
}

int net_switch_run_create(struct shell *sh, int argc, char **argv)
{
	enum net_policy policy = NET_POLICY_BRIDGE;
	uint32_t age = NET_AGE_DEFAULT;
	const char *value;
	int err = 0;

	/* Xvisor's order: policy, name. */
	if (argc > 1 && !strchr(argv[1], '=')) {
		err = parse_policy(sh, argv[0], &policy);
		argv++;
		argc--;
	}
	for (int i = 1; !err && i < argc; i++) {
		if ((value = value_of(argv[i], "policy"))) {
			err = parse_policy(sh, value, &policy);
		} else if ((value = value_of(argv[i], "age"))) {
			err = parse_age(sh, value, &age);
		} else {
			err = unknown_key(sh, argv[i], "policy=, age=");
		}
	}
	if (err)
		return err;
	err = net_switch_create(argv[0], policy);
	if (err == -EEXIST)
		return sh_error(sh, err, "there is a switch or port '%s' already", argv[0]);
	if (err == -EINVAL)
		return sh_error(sh, err, "'%s' is no name of a switch: it has 1 to 31 letters, "
				"digits, '-', '_' and '.', and begins with a letter or digit",
				argv[0]);
	if (err)
		return sh_fail(sh, err, argv[0]);
	return net_switch_set_age(argv[0], age);
}

int net_switch_run_destroy(struct shell *sh, int argc, char **argv)
{
	unsigned ports;

	if (net_switch_destroy(argv[0], &ports))
		return no_switch(sh, argv[0]);
	if (ports)
		sh_printf(sh, "%u port%s no link now; guests' ports are attached again if there "
			  "is a switch '%s' again\n", ports, ports == 1 ? " has" : "s have",
			  argv[0]);
	return 0;
}

int net_switch_run_set(struct shell *sh, int argc, char **argv)
{
	const char *value = argc > 1 ? value_of(argv[1], "age") : NULL;
	uint32_t age;
	int err;

	if (argc != 2 || !value)
		return unknown_key(sh, argc > 1 ? argv[1] : "", "age=<seconds>");
	err = parse_age(sh, value, &age);
	if (err)
		return err;
	return net_switch_set_age(argv[0], age) ? no_switch(sh, argv[0]) : 0;
}

int net_switch_run_flush(struct shell *sh, int argc, char **argv)
{
	return net_switch_flush(argv[0]) ? no_switch(sh, argv[0]) : 0;
}

/* --- attaching ----------------------------------------------------------------------------- */

static int attach(struct shell *sh, const char *port, const char *sw)
{
	int err = net_port_attach_name(port, sw);

	switch (err) {
	case 0:
		return 0;
	case 1:
		sh_printf(sh, "there is no switch '%s' yet; '%s' has no link until 'net switch "
			  "create %s'\n", sw, port, sw);
		return 0;
	case -ENOENT:
		return no_port(sh, port);
	case -EBUSY:
		return sh_error(sh, err, "'%s' is attached to a switch; 'net port detach %s' "
				"takes it from there", port, port);
	case -EINVAL:
		return sh_error(sh, err, "'%s' is no name of a switch", sw);
	default:
		return sh_fail(sh, err, port);
	}
}

int net_port_run_attach(struct shell *sh, int argc, char **argv)
{
	return attach(sh, argv[0], argv[1]);
}

int net_port_run_add(struct shell *sh, int argc, char **argv)
{
	const char *device = value_of(argv[1], "uplink");
	struct net_switch *sw;
	struct netdev *nd = NULL;

	if (!device)
		return unknown_key(sh, argv[1], "uplink=<device>; 'net port attach' is for ports "
				   "of guests");
	net_list_lock();
	sw = net_switch_find(argv[0]);
	while ((nd = netdev_next(nd)) && strcmp(nd->name, device))
		;
	net_list_unlock();
	if (!sw)
		return no_switch(sh, argv[0]);
	if (!nd)
		return sh_error(sh, -ENODEV, "the host has no network interface '%s'; "
				"'net devices' lists them", device);
	return attach(sh, device, argv[0]);
}

int net_port_run_detach(struct shell *sh, int argc, char **argv)
{
	return net_port_detach_name(argv[0]) ? no_port(sh, argv[0]) : 0;
}

/* --- captures ------------------------------------------------------------------------------ */

static int no_target(struct shell *sh, const char *name)
{
	return sh_error(sh, -ENOENT, "there is no switch or port '%s'; 'net ports' lists both",
			name);
}

int net_capture_run_on(struct shell *sh, int argc, char **argv)
{
	int err = net_capture_start(argv[0], argv[1]);

	switch (err) {
	case 0:
		return 0;
	case -ENXIO:
		return no_target(sh, argv[0]);
	case -EALREADY:
		return sh_error(sh, err, "'%s' is being captured; 'net capture off %s' ends that",
				argv[0], argv[0]);
	case -EROFS:
		return sh_error(sh, err, "%s is on a file system that cannot be written; mount one "
				"of a disk there", argv[1]);
	default:
		return sh_fail(sh, err, argv[1]);
	}
}

int net_capture_run_off(struct shell *sh, int argc, char **argv)
{
	int err = net_capture_stop(argv[0]);

	if (err == -ENXIO)
		return no_target(sh, argv[0]);
	if (err == -ENODATA)
		return sh_error(sh, err, "'%s' is not being captured", argv[0]);
	return err ? sh_fail(sh, err, argv[0]) : 0;
}

/* --- settings of a port -------------------------------------------------------------------- */

struct settings {
	bool access, trunk, limit;
	uint16_t vid, native;
	uint64_t bytes, frames;
	uint32_t allowed[VLAN_WORDS];
};

static bool parse_vid(const char **s, uint64_t *vid)
{
	return !parse_u64_prefix(s, vid) && *vid && *vid <= NET_VLAN_MAX;
}

/* "all", or "2-5,7". */
static bool parse_vlans(const char *s, uint32_t *allowed)
{
	uint64_t first = 1, last = NET_VLAN_MAX;
	bool all = !strcmp(s, "all");

	do {
		if (!all) {
			if (!parse_vid(&s, &first))
				return false;
			last = first;
			if (*s == '-' && (s++, !parse_vid(&s, &last) || last < first))
				return false;
			if (*s && *s != ',')
				return false;
		}
		for (uint64_t v = first; v <= last; v++)
			allowed[v / 32] |= BIT32(v % 32);
	} while (!all && *s++ == ',');
	return true;
}

static int parse_vlan_number(struct shell *sh, const char *word, const char *value, uint16_t *vid)
{
	uint64_t v;

	if (!parse_vid(&value, &v) || *value)
		return sh_error(sh, -EINVAL, "%s: a VLAN has a number from 1 to %u", word,
				NET_VLAN_MAX);
	*vid = (uint16_t)v;
	return 0;
}

static int parse_setting(struct shell *sh, const char *word, struct settings *set)
{
	const char *value;

	if ((value = value_of(word, "vlan"))) {
		set->access = true;
		return parse_vlan_number(sh, word, value, &set->vid);
	}
	if ((value = value_of(word, "native"))) {
		set->native = 0;
		return strcmp(value, "none") ? parse_vlan_number(sh, word, value, &set->native) : 0;
	}
	if ((value = value_of(word, "trunk"))) {
		set->trunk = true;
		if (!parse_vlans(value, set->allowed))
			return sh_error(sh, -EINVAL, "%s: no list of VLANs, such as 2-5,7 or all",
					word);
		return 0;
	}
	set->limit = true;
	if ((value = value_of(word, "rate"))) {
		set->bytes = 0;
		if (strcmp(value, "none") && (parse_size(value, &set->bytes) || !set->bytes))
			return sh_error(sh, -EINVAL, "%s: no number of bytes a second, such as "
					"10M, or none", word);
		return 0;
	}
	if ((value = value_of(word, "frames"))) {
		set->frames = 0;
		if (strcmp(value, "none") && (parse_u64(value, &set->frames) || !set->frames))
			return sh_error(sh, -EINVAL, "%s: no number of frames a second, or none",
					word);
		return 0;
	}
	return unknown_key(sh, word, "vlan=, trunk=, native=, rate=, frames=");
}

/* Limits that are not named stay as they are. */
static int old_limits(const char *name, struct settings *set)
{
	struct net_port *port;

	net_list_lock();
	port = net_port_find(name);
	if (port)
		net_port_rate(port, &set->bytes, &set->frames);
	net_list_unlock();
	return port ? 0 : -ENOENT;
}

static int apply(struct shell *sh, const char *port, const struct settings *set)
{
	int err = 0;

	if (set->access)
		err = net_port_set_access(port, set->vid);
	if (set->trunk)
		err = net_port_set_trunk(port, set->allowed, set->native);
	if (!err && set->limit)
		err = net_port_set_rate(port, set->bytes, set->frames);
	return err == -ENOENT ? no_port(sh, port) : err ? sh_fail(sh, err, port) : 0;
}

int net_port_run_set(struct shell *sh, int argc, char **argv)
{
	struct settings *set;
	int err = 0;

	if (argc < 2)
		return unknown_key(sh, "", "vlan=, trunk=, native=, rate=, frames=");
	set = heap_zalloc(sizeof(*set));
	if (!set)
		return sh_fail(sh, -ENOMEM, argv[0]);
	if (old_limits(argv[0], set))
		err = no_port(sh, argv[0]);
	for (int i = 1; !err && i < argc; i++)
		err = parse_setting(sh, argv[i], set);
	if (!err && set->access && set->trunk)
		err = sh_error(sh, -EINVAL, "vlan= and trunk= together cannot be: a port belongs "
			       "to one VLAN or carries several");
	if (!err && set->native && !set->trunk)
		err = sh_error(sh, -EINVAL, "native= is for trunk=");
	if (!err)
		err = apply(sh, argv[0], set);
	heap_free(set);
	return err;
}
