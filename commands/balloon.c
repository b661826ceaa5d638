/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guest balloon: what a guest has of its memory, and asking it for some. It holds the guest that it
 * works on, whose balloon stays then.
 */
#include "stats.h"

#include <core/balloon.h>
#include <core/guest.h>
#include <core/mem.h>
#include <core/shell.h>
#include <core/thread.h>
#include <core/time.h>
#include <libs/errno.h>
#include <libs/parse.h>
#include <libs/util.h>

#define STATS_WAIT  300000000u /* ns that a guest has for its statistics */
#define STATS_SLICE 10000000u
#define GUEST_PAGE  4096u

static int set_size(struct shell *sh, struct guest *guest, uint64_t size)
{
	uint64_t ram = guest_ram_size(guest);
	char text[16];

	if (size > ram || !size)
		return sh_error(sh, -EINVAL, "guest %s has %s of memory: keep some of it, or all",
				guest->name, format_size(text, sizeof(text), ram));
	guest->balloon->set(guest->balloon, (uint32_t)MIN((ram - size) / GUEST_PAGE,
							  (uint64_t)UINT32_MAX));
	if (!guest->balloon->running)
		sh_printf(sh, "%s: no driver asks for this yet\n", guest->name);
	return 0;
}

/* New ones, unless the guest takes long. */
static void wait_stats(struct shell *sh, struct guest_balloon *b)
{
	uint32_t before = __atomic_load_n(&b->told, __ATOMIC_ACQUIRE);
	uint64_t end = time_now() + STATS_WAIT;

	if (!b->ask(b))
		return;
	while (__atomic_load_n(&b->told, __ATOMIC_ACQUIRE) == before && time_now() < end &&
	       !shell_interrupted(sh))
		thread_sleep(STATS_SLICE);
}

static void show(struct shell *sh, struct guest *guest)
{
	static const struct {
		enum balloon_stat stat;
		const char *what;
	} sizes[] = {
		{ BALLOON_TOTAL, "in its own words" }, { BALLOON_FREE, "free" },
		{ BALLOON_AVAILABLE, "available" },    { BALLOON_CACHES, "caches" },
	};
	struct guest_balloon *b = guest->balloon;
	char ram[16], held[16], text[16];

	wait_stats(sh, b);
	sh_printf(sh, "%s: %s of memory, %s held; balloon %s",  guest->name,
		  format_size(ram, sizeof(ram), guest_ram_size(guest)),
		  format_size(held, sizeof(held), guest_mem_held(guest)),
		  format_size(text, sizeof(text), (uint64_t)b->actual * GUEST_PAGE));
	sh_printf(sh, " of %s; %s",
		  format_size(text, sizeof(text), (uint64_t)b->target * GUEST_PAGE),
		  b->running ? "" : "no driver, ");
	sh_printf(sh, "reported free so far: %s\n", format_size(text, sizeof(text), b->reported));
	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++)
		if (b->known & BIT32(sizes[i].stat))
			sh_printf(sh, "%s%s %s", i ? ", " : "  ", sizes[i].what,
				  format_size(text, sizeof(text), b->stats[sizes[i].stat]));
	if (b->known)
		sh_printf(sh, "\n");
}

int balloon_run(struct shell *sh, int argc, char **argv)
{
	struct guest *guest = guest_find(argv[0]);
	int err = 0;

	if (!guest)
		return -ENOENT;
	if (!guest->balloon)
		err = sh_error(sh, -ENODEV, "guest %s has no balloon: make it with balloon=on",
			       guest->name);
	else if (argc > 1)
		err = set_size(sh, guest, arg_size(argv[1]));
	else
		show(sh, guest);
	guest_put(guest);
	return err;
}
