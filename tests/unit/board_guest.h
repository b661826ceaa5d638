/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guests made of one line by a board, for tests of boards. Who includes this has make_files().
 */
#pragma once

#include <string.h>

#include <core/board.h>
#include <core/dt.h>

#include "fake.h"
#include "fake_files.h"
#include "fake_guest.h"
#include "unit.h"

static struct guest *guest;
static size_t live_before;

/* Files that there are when a guest is made. */
static void make_files(void);

static void boot_tree(void)
{
	static uint8_t blob[256] __attribute__((aligned(8)));
	struct dt_node *empty;

	if (dt_root())
		return;
	empty = dt_new_tree();
	CHECK(dt_flatten(empty, blob, sizeof(blob)) > 0);
	CHECK_EQ(dt_del_node(empty), 0);
	CHECK_EQ(dt_init(blob), 0);
	CHECK(dt_add_node(dt_root(), "guests"));
}

/* Words separated by '|'. */
static int create(const char *line)
{
	static char text[4096];
	struct guest_config cfg;
	char *argv[64], *word;
	int argc = 0, err;

	boot_tree();
	make_files();
	live_before = fake_heap_live();
	strcpy(text, line);
	for (word = strtok(text, "|"); word; word = strtok(NULL, "|"))
		argv[argc++] = word;
	fake_out_clear();
	guest = NULL;
	err = guest_config_parse(argc, argv, &cfg, &fake_out);
	return err ? err : guest_create_config(&cfg, &fake_out, &guest);
}

static void destroy(void)
{
	CHECK_EQ(guest_destroy(guest), 0);
	CHECK_EQ(fake_heap_live(), live_before);
	CHECK_EQ(fake_files_open(), 0);
}

static const struct region *region(const char *name)
{
	for (unsigned i = 0; i < guest->nr_regions; i++) {
		if (!strcmp(guest->regions[i].node->name, name))
			return &guest->regions[i];
	}
	unit_fail(__FILE__, __LINE__, "there is no region %s", name);
	return NULL;
}
