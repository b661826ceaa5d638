/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest boards: templates for the one-line `guest create … board=virt …`. A board builds the same
 * kind of node that a person would write, loads what the guest boots from, and generates the
 * guest's own device tree.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <core/dev.h>
#include <libs/util.h>

struct dt_node;
struct guest;
struct shell_out;

#define BOARD_LIST_MAX 8

/** key=value words of the one-line form, checked and with defaults. */
struct guest_config {
	char name[32];
	const char *board;
	unsigned vcpus;
	uint64_t mem;		/* bytes */
	const char *kernel, *initrd, *cmdline, *firmware, *dtb;
	const char *vars;	/* where variables of the firmware are kept */
	const char *gic;	/* "2", "3", NULL: suits the host */
	bool narrow;		/* arch=: a 32-bit guest of a 64-bit host */
	unsigned prio;
	uint64_t affinity;	/* 0: any */
	const char *disks[BOARD_LIST_MAX];
	unsigned nr_disks;
	const char *nets[BOARD_LIST_MAX];
	unsigned nr_nets;
	const char *on_reset;	/* "restart" (default), "stop" */
	uint64_t load_addr;	/* load=: where the kernel goes; 0: by its kind */
	bool rng;		/* virtio-rng */
	unsigned console;	/* ports of virtio-console that are consoles; 0: none */
	const char *ports[BOARD_LIST_MAX]; /* port=: names of others of it */
	unsigned nr_ports;
	bool balloon;		/* virtio-balloon */
	bool virtio_pci;	/* virtio=pci: such devices sit on the PCI bus */
};

struct guest_board {
	const char *name;
	const char *help;
	/** Build the /guests node. Errors go to out as sentences. */
	int (*build)(const struct guest_config *cfg, struct dt_node *node, struct shell_out *out);
	/**
	 * After guest_create(): load images, generate the device tree, set the boot vCPU's start.
	 */
	int (*boot)(const struct guest_config *cfg, struct guest *guest, struct shell_out *out);
};

#define GUEST_BOARD(ident)                                                                          \
	static const struct guest_board board_##ident;                                              \
	SECTION_PTR(".table.board", struct guest_board, board_##ident);                             \
	static const struct guest_board board_##ident =

/**
 * Parse "<name> key=value ..." into cfg, with defaults for what is not given. All mistakes are
 * reported, a sentence each on out. cfg points into argv.
 * @return 0 or -EINVAL
 */
must_check int guest_config_parse(int argc, char **argv, struct guest_config *cfg,
				  struct shell_out *out);
/**
 * All of the one-line form: node, guest, images. Undone completely on error. Thread context.
 * @param guest  receives the guest, held as by guest_find(); may be NULL
 * @return 0 or negative errno, with sentences on out
 */
must_check int guest_create_config(const struct guest_config *cfg, struct shell_out *out,
				   struct guest **guest);
/** The words that arch= takes, from 0 on. @return NULL behind the last */
const char *guest_arch_word(unsigned n);
const struct guest_board *guest_board_find(const char *name);
const struct guest_board *guest_board_next(const struct guest_board *prev);
