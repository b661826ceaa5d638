/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guests made of one line by a board, for tests of boards. Who includes this has make_files().
 */
#pragma once

#include <string.h>

#include <core/board.h>
#include <core/dt.h>

#include "boot_tree.h"
#include "fake.h"
#include "fake_files.h"
#include "fake_guest.h"
#include "unit.h"

static struct guest *guest;
static size_t live_before;

/* Files that there are when a guest is made. */
static void make_files(void);

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
