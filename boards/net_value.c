/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading the values of net=. No data, no lock. */
#include "net_value.h"

#include <libs/parse.h>
#include <libs/string.h>

#define QUEUES_MAX 8
#define MTU_MIN	   68
#define MTU_MAX	   65535

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/** Six pairs of hexadecimal digits with colons between. */
static bool parse_mac(const char *s, uint8_t *mac)
{
	for (unsigned i = 0; i < 6; i++, s += 3) {
		if (digit(s[0]) < 0 || digit(s[1]) < 0 || s[2] != (i < 5 ? ':' : '\0'))
			return false;
		mac[i] = (uint8_t)(digit(s[0]) << 4 | digit(s[1]));
	}
	return true;
}

static const char *parse_option(const char *option, struct net_value *net)
{
	if (!strncmp(option, "mac=", 4)) {
		if (!parse_mac(option + 4, net->mac) || net->mac[0] & 1)
			return "has a mac= that is no address of one interface, such as "
			       "52:54:00:12:34:56";
		net->has_mac = true;
		return NULL;
	}
	if (!strncmp(option, "queues=", 7))
		return parse_u32(option + 7, &net->queues) || !net->queues ||
		       net->queues > QUEUES_MAX ? "has a queues= that is not 1 to 8 pairs" : NULL;
	if (!strncmp(option, "mtu=", 4))
		return parse_u32(option + 4, &net->mtu) || net->mtu < MTU_MIN ||
		       net->mtu > MTU_MAX ? "has a mtu= that is not 68 to 65535 bytes" : NULL;
	return "is followed by something that is neither \",mac=<address>\", \",queues=<pairs>\" "
	       "nor \",mtu=<bytes>\"";
}

const char *net_value_parse(const char *value, struct net_value *net)
{
	size_t n = strcspn(value, ",");
	const char *wrong = NULL;
	char option[32];

	memset(net, 0, sizeof(*net));
	if (!n || n >= sizeof(net->sw))
		return "is no name of a switch";
	memcpy(net->sw, value, n);
	for (value += n; !wrong && *value == ','; value += n) {
		value++;
		n = strcspn(value, ",");
		strlcpy(option, value, MIN(sizeof(option), n + 1));
		wrong = parse_option(option, net);
	}
	return wrong;
}
