/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ipconfig: the hypervisor's own address on a switch. No data of its own.
 */
#include <core/inet.h>

#include <core/netswitch.h>
#include <core/shell.h>
#include <core/time.h>
#include <libs/errno.h>
#include <libs/printf.h>

#include "net_set.h"

#define DHCP_WAIT (20 * 1000000000ull) /* ns */
#define LOOK	  (100 * 1000000ull)

static int bad_address(struct shell *sh, const char *text)
{
	return sh_error(sh, -EINVAL, "\"%s\" is no address like 192.168.1.10", text);
}

static void show_lease(struct shell *sh, const struct inet_info *info)
{
	uint64_t now = time_now();

	if (info->mode != INET_DHCP)
		return;
	if (!info->addr)
		sh_printf(sh, "lease:    none yet\n");
	else if (info->lease_end == UINT64_MAX)
		sh_printf(sh, "lease:    without end\n");
	else
		sh_printf(sh, "lease:    %llu s more\n", (unsigned long long)(
			  info->lease_end > now ? (info->lease_end - now) / 1000000000 : 0));
}

static int run_show(struct shell *sh, int argc, char **argv)
{
	static const char *const modes[] = { "none", "static", "dhcp" };
	char text[INET_TEXT];
	struct inet_info i;

	inet_info(&i);
	if (!i.attached) {
		sh_printf(sh, "not on a network; 'ipconfig attach <switch>' begins\n");
		return 0;
	}
	sh_printf(sh, "switch:   %s\n", i.sw);
	sh_printf(sh, "hardware: %02x:%02x:%02x:%02x:%02x:%02x\n", i.mac[0], i.mac[1], i.mac[2],
		  i.mac[3], i.mac[4], i.mac[5]);
	sh_printf(sh, "address:  %s (%s)\n", i.addr ? inet_format(text, i.addr) : "-",
		  modes[i.mode]);
	sh_printf(sh, "netmask:  %s\n", i.mask ? inet_format(text, i.mask) : "-");
	sh_printf(sh, "gateway:  %s\n", i.gateway ? inet_format(text, i.gateway) : "-");
	sh_printf(sh, "dns:      %s\n", i.dns ? inet_format(text, i.dns) : "-");
	show_lease(sh, &i);
	sh_printf(sh, "received: %llu dropped for want of room, %llu malformed\n",
		  (unsigned long long)i.rx_dropped, (unsigned long long)i.bad);
	return 0;
}

static int run_attach(struct shell *sh, int argc, char **argv)
{
	int err = inet_attach(argv[0]);

	if (err == -ENOENT)
		return sh_error(sh, err, "there is no switch \"%s\"; 'net switch create %s' makes "
				"one", argv[0], argv[0]);
	if (err == -EBUSY)
		return sh_error(sh, err, "on a switch already; 'ipconfig detach' first");
	return err;
}

/* Nothing but a missing switch says -ENOENT. */
static int without_switch(struct shell *sh, int err)
{
	if (err == -ENOENT)
		return sh_error(sh, err, "not on a network; 'ipconfig attach <switch>' first");
	return err;
}

static int run_detach(struct shell *sh, int argc, char **argv)
{
	return without_switch(sh, inet_detach());
}

/* Of the old classes of addresses: 10.1.2.3 is one of a network with a mask of 8 bits. */
static uint32_t mask_of_class(uint32_t address)
{
	return address >> 31 == 0 ? 0xff000000 : address >> 30 == 2 ? 0xffff0000 : 0xffffff00;
}

static int run_set(struct shell *sh, int argc, char **argv)
{
	uint32_t value[3] = { 0 };
	int err;

	for (int i = 0; i < argc; i++)
		if (!inet_parse(argv[i], &value[i]))
			return bad_address(sh, argv[i]);
	if (argc == 1)
		value[1] = mask_of_class(value[0]);
	err = inet_set_static(value[0], value[1], value[2]);
	if (err == -EINVAL)
		return sh_error(sh, err, "these do not fit together: an address of a host, a mask "
				"like 255.255.255.0, a gateway on the same network");
	return without_switch(sh, err);
}

static int run_dhcp(struct shell *sh, int argc, char **argv)
{
	uint64_t end = time_now() + DHCP_WAIT;
	int err = without_switch(sh, inet_set_dhcp());
	struct inet_info i;

	if (err)
		return err;
	do {
		inet_info(&i);
		if (i.addr)
			return run_show(sh, 0, NULL);
		if (shell_sleep(sh, time_now() + LOOK))
			return -EINTR;
	} while (i.attached && time_now() < end);
	return sh_error(sh, -ETIMEDOUT, "no server has answered yet; asking goes on, 'ipconfig "
			"show' tells");
}

static int run_none(struct shell *sh, int argc, char **argv)
{
	return without_switch(sh, inet_set_none());
}

#define SET_ARGS                                                                                   \
	ARGS(ARG(WORD, "address"), ARG_OPT(WORD, "netmask"), ARG_OPT(WORD, "gateway"))

static const struct command_sub subs[] = {
	{ NULL, "the hypervisor's own address", NULL, run_show },
	{ "show", "the hypervisor's own address", NULL, run_show },
	{ "attach", "join a switch", ARGS(ARG_OFFER("switch", net_offer_switches)), run_attach },
	{ "detach", "leave the switch", NULL, run_detach },
	{ "set", "take an address", SET_ARGS, run_set },
	{ "update", "the same as set", SET_ARGS, run_set },
	{ "dhcp", "ask for an address and keep it", NULL, run_dhcp },
	{ "none", "give the address up", NULL, run_none },
	{ 0 },
};

COMMAND(ipconfig) {
	.name = "ipconfig",
	.help = "the hypervisor's own address",
	.subs = subs,
};
