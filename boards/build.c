/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Making guests' nodes: properties, regions, vCPUs and virtio devices on a PCI bus. No data, no
 * lock; the nodes are the caller's.
 */
#include "build.h"

#include "disk_value.h"
#include "net_value.h"

#include <core/board.h>
#include <core/dt.h>
#include <core/shell.h>
#include <libs/bits.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

#define ALIGN_ORDER_2M 21

/* Virtio device numbers (Virtio 1.2, section 5). */
enum { VIRTIO_NET = 1, VIRTIO_BLOCK = 2, VIRTIO_CONSOLE = 3, VIRTIO_RNG = 4 };

struct dt_node *build_node(struct board_build *b, struct dt_node *parent, const char *name)
{
	struct dt_node *node = b->err ? NULL : dt_add_node(parent, name);

	if (!node && !b->err)
		b->err = -ENOMEM;
	return node;
}

void build_string(struct board_build *b, struct dt_node *node, const char *prop, const char *s)
{
	if (!b->err)
		b->err = dt_set_string(node, prop, s);
}

void build_u32(struct board_build *b, struct dt_node *node, const char *prop, uint32_t v)
{
	if (!b->err)
		b->err = dt_set_u32(node, prop, v);
}

void build_u64(struct board_build *b, struct dt_node *node, const char *prop, uint64_t v)
{
	if (!b->err)
		b->err = dt_set_u64(node, prop, v);
}

void build_flag(struct board_build *b, struct dt_node *node, const char *prop)
{
	if (!b->err)
		b->err = dt_set(node, prop, NULL, 0);
}

void build_cells(struct board_build *b, struct dt_node *node, const char *prop,
		 const uint32_t *cells, unsigned n)
{
	if (!b->err)
		b->err = dt_set_cells(node, prop, cells, n);
}

static struct dt_node *region(struct board_build *b, const char *name, const char *manifest,
			      bool port)
{
	struct dt_node *node = build_node(b, b->aspace, name);

	build_string(b, node, "manifest_type", manifest);
	build_string(b, node, "address_type", port ? "io" : "memory");
	return node;
}

static void place(struct board_build *b, struct dt_node *node, uint64_t at, uint64_t size)
{
	build_u64(b, node, "guest_physical_addr", at);
	build_u64(b, node, "physical_size", size);
}

struct dt_node *build_device(struct board_build *b, const struct board_device *d)
{
	struct dt_node *node = region(b, d->name, "virtual", d->port);

	place(b, node, d->at, d->size);
	build_string(b, node, "device_type", d->type);
	build_string(b, node, "compatible", d->compatible);
	if (d->irq >= 0)
		build_u32(b, node, "interrupts", (uint32_t)d->irq);
	return node;
}

void build_ram(struct board_build *b, const char *name, uint64_t at, uint64_t size)
{
	struct dt_node *node = region(b, name, "real", false);

	place(b, node, at, size);
	build_string(b, node, "device_type", "alloced_ram");
	build_u32(b, node, "align_order", ALIGN_ORDER_2M);
}

void build_vcpus(struct board_build *b, const char *compatible)
{
	struct dt_node *vcpus = build_node(b, b->guest, "vcpus");

	for (unsigned i = 0; i < b->cfg->vcpus; i++) {
		struct dt_node *node;
		uint32_t list[64];
		unsigned n = 0;
		char name[16];

		snprintf(name, sizeof(name), "vcpu%u", i);
		node = build_node(b, vcpus, name);
		build_string(b, node, "device_type", "vcpu");
		build_string(b, node, "compatible", compatible);
		build_u32(b, node, "priority", b->cfg->prio);
		for (uint64_t mask = b->cfg->affinity; mask; mask &= mask - 1)
			list[n++] = ctz64(mask);
		if (n)
			build_cells(b, node, "affinity", list, n);
		if (i)
			build_flag(b, node, "poweroff");
	}
}

/* --- virtio ------------------------------------------------------------------------------ */

static struct dt_node *virtio(struct board_build *b, const char *name, uint32_t type)
{
	struct dt_node *node = build_node(b, b->pci, name);

	build_string(b, node, "device_type", "virtio");
	build_string(b, node, "compatible", "virtio,pci");
	build_u32(b, node, "virtio_type", type);
	return node;
}

static void add_disk(struct board_build *b, unsigned i)
{
	char name[24], alias[16], path[48];
	struct disk_value disk;
	struct dt_node *node;

	if (disk_value_parse(b->cfg->disks[i], &disk)) {
		b->err = -EINVAL; /* build_check() has said why */
		return;
	}
	snprintf(name, sizeof(name), "virtio-blk%u", i);
	node = virtio(b, name, VIRTIO_BLOCK);
	build_string(b, node, "blkdev", disk.source);
	if (disk.serial[0])
		build_string(b, node, "serial", disk.serial);
	if (disk.read_only)
		build_flag(b, node, "read-only");
	snprintf(alias, sizeof(alias), "disk%u", i);
	snprintf(path, sizeof(path), "/aspace/pci/%s", name);
	build_string(b, b->aliases, alias, path);
}

static void add_net(struct board_build *b, unsigned i)
{
	struct net_value net;
	struct dt_node *node;
	char name[24];

	if (net_value_parse(b->cfg->nets[i], &net)) {
		b->err = -EINVAL;
		return;
	}
	snprintf(name, sizeof(name), "virtio-net%u", i);
	node = virtio(b, name, VIRTIO_NET);
	build_string(b, node, "switch", net.sw);
	if (net.queues)
		build_u32(b, node, "queues", net.queues);
	if (net.mtu)
		build_u32(b, node, "mtu", net.mtu);
	if (net.has_mac && !b->err)
		b->err = dt_set(node, "local-mac-address", net.mac, sizeof(net.mac));
}

void build_virtio_pci(struct board_build *b)
{
	for (unsigned i = 0; i < b->cfg->nr_disks; i++)
		add_disk(b, i);
	for (unsigned i = 0; i < b->cfg->nr_nets; i++)
		add_net(b, i);
	if (b->cfg->console)
		virtio(b, "virtio-con0", VIRTIO_CONSOLE);
	if (b->cfg->rng)
		virtio(b, "virtio-rng0", VIRTIO_RNG);
}

int build_check(const struct guest_config *cfg, struct shell_out *out)
{
	struct disk_value disk;
	struct net_value net;
	const char *wrong;

	for (unsigned i = 0; i < cfg->nr_nets; i++) {
		wrong = net_value_parse(cfg->nets[i], &net);
		if (wrong) {
			out_printf(out, "net=: \"%.60s\" %s\n", cfg->nets[i], wrong);
			return -EINVAL;
		}
	}
	for (unsigned i = 0; i < cfg->nr_disks; i++) {
		wrong = disk_value_parse(cfg->disks[i], &disk);
		if (wrong) {
			out_printf(out, "disk=: \"%.60s\" %s\n", cfg->disks[i], wrong);
			return -EINVAL;
		}
	}
	return 0;
}
