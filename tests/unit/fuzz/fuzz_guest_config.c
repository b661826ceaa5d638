/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one-line form from any words, and overrides of device trees.
 */
#include "fuzz.h"

#include "fake_guest.h"

#include <core/board.h>
#include <core/dt.h>
#include <core/emu.h>
#include <core/fdt_load.h>

const struct emulator *emu_find(const struct dt_node *node, const void **match_data)
{
	return NULL;
}

static int nothing(const struct guest_config *cfg, struct dt_node *node, struct shell_out *out)
{
	return 0;
}

GUEST_BOARD(virt){ .name = "virt", .build = nothing };

static void override(const char *word)
{
	struct dt_node *top = dt_new_tree(), *aliases = dt_add_node(top, "aliases");

	FUZZ_CHECK(dt_add_node(top, "m") && !dt_set_string(aliases, "m", "/m"));
	fake_out_clear();
	if (fdt_override(top, word, &fake_out))
		FUZZ_CHECK(fake_out_text()[0]);
	FUZZ_CHECK(!dt_del_node(top));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size), *word;
	struct guest_config cfg;
	char *argv[32];
	int argc = 0;

	/* Words end at NUL or line feed, so that seeds can be text. */
	for (word = text; word < text + size && argc < 32;) {
		argv[argc++] = word;
		word += strcspn(word, "\n");
		*word++ = '\0';
	}
	fake_out_clear();
	if (guest_config_parse(argc, argv, &cfg, &fake_out)) {
		FUZZ_CHECK(fake_out_text()[0]);
	} else {
		FUZZ_CHECK(cfg.name[0] && cfg.vcpus >= 1 && cfg.vcpus <= 64 && cfg.mem);
		FUZZ_CHECK(cfg.prio <= 7 && cfg.affinity < 1 << FAKE_CPUS);
		FUZZ_CHECK(cfg.nr_disks <= BOARD_LIST_MAX && cfg.board);
	}
	for (const char *c = fake_out_text(); *c; c++)
		FUZZ_CHECK(*c == '\n' || (*c >= ' ' && *c <= '~'));
	if (argc)
		override(argv[0]);
	free(text);
	return 0;
}
