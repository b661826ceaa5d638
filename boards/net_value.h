/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Values of net=: a switch, then ",mac=<address>", ",queues=<pairs>" and ",mtu=<bytes>" in any
 * order. Private to boards/.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <libs/util.h>

struct net_value {
	char sw[32];
	uint8_t mac[6];
	bool has_mac;
	uint32_t queues, mtu; /* 0: as the device likes it */
};

/** @return what is wrong with it ("is no ..."), NULL: nothing */
must_check const char *net_value_parse(const char *value, struct net_value *net);
