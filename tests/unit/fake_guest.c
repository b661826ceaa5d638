/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guests of regions with memory, in the place of core/guest/guest.c and guest_mem.c.
 */
#include "fake_guest.h"

#include <stdlib.h>
#include <string.h>

#include <core/cpu.h>
#include <core/dt.h>
#include <core/fdt_load.h>
#include <core/guest_desc.h>
#include <core/mem.h>
#include <core/random.h>
#include <libs/errno.h>

static char text[16384];
static unsigned guests, resets;
static uint64_t loaded;

static void keep(struct shell_out *out, const char *s, size_t n)
{
	size_t used = strlen(text);

	if (n > sizeof(text) - 1 - used)
		n = sizeof(text) - 1 - used;
	memcpy(text + used, s, n);
	text[used + n] = '\0';
}

struct shell_out fake_out = { .write = keep };

const char *fake_out_text(void)
{
	return text;
}

/* Of core/guest/host_load.c. */
int host_load_file(hpa_t at, const char *path, uint64_t offset, uint64_t bytes,
		   struct shell_out *out)
{
	return -EBUSY;
}

void fake_out_clear(void)
{
	text[0] = '\0';
}

/* --- the machine --------------------------------------------------------------------------- */

unsigned cpus_online = FAKE_CPUS;

bool mem_is_ram(hpa_t pa, uint64_t size)
{
	return pa >= FAKE_RAM && size <= FAKE_RAM_SIZE && pa - FAKE_RAM <= FAKE_RAM_SIZE - size;
}

bool mem_ram_range(unsigned n, hpa_t *start, uint64_t *size)
{
	*start = FAKE_RAM;
	*size = FAKE_RAM_SIZE;
	return n == 0;
}

void random_bytes(void *buf, size_t n)
{
	memset(buf, 0x5a, n);
}

/* --- guests --------------------------------------------------------------------------------- */

/* guest->board: memory of each region, made when it is first looked at */
struct fake_memory {
	struct guest_desc desc;
	struct vcpu *vcpus[64];
	uint8_t *bytes[64];
};

int guest_create(struct dt_node *node, struct shell_out *out, struct guest **result)
{
	struct guest *guest = calloc(1, sizeof(*guest));
	struct fake_memory *m = calloc(1, sizeof(*m));

	if (guest_desc_read(node, &m->desc, out)) {
		guest_desc_free(&m->desc);
		free(m);
		free(guest);
		return -EINVAL;
	}
	strcpy(guest->name, m->desc.name);
	guest->node = dt_get(node);
	guest->state = GUEST_READY;
	guest->board = m;
	guest->regions = m->desc.regions;
	guest->nr_regions = m->desc.nr_regions;
	guest->nr_vcpus = m->desc.nr_vcpus;
	guest->vcpus = m->vcpus;
	guest->psci_version = m->desc.psci_version;
	for (unsigned i = 0; i < guest->nr_vcpus; i++) {
		m->vcpus[i] = calloc(1, sizeof(struct vcpu));
		m->vcpus[i]->node = m->desc.vcpus[i].node;
		m->vcpus[i]->guest = guest;
	}
	mutex_init(&guest->life);
	list_init(&guest->images);
	guests++;
	loaded = 0;
	resets = 0;
	*result = guest;
	return 0;
}

int guest_destroy(struct guest *guest)
{
	struct fake_memory *m = guest->board;
	struct dt_node *own = guest->own_node ? guest->node : NULL;

	guest_images_free(guest);
	dt_put(guest->node);
	for (unsigned i = 0; i < guest->nr_vcpus; i++)
		free(m->vcpus[i]);
	for (unsigned i = 0; i < 64; i++)
		free(m->bytes[i]);
	guest_desc_free(&m->desc);
	free(m);
	free(guest);
	guests--;
	return own ? dt_del_node(own) : 0;
}

void guest_put(struct guest *guest)
{
}

unsigned fake_guests(void)
{
	return guests;
}

uint8_t *fake_guest_ptr(struct guest *guest, gpa_t gpa)
{
	struct fake_memory *m = guest->board;

	for (unsigned i = 0; i < guest->nr_regions && i < 64; i++) {
		struct region *r = &guest->regions[i];
		bool memory = (r->flags & (REGION_RAM | REGION_ROM)) ||
			      dt_compatible(r->node, "cfi-flash");

		if (!memory || gpa < r->gpa || gpa - r->gpa >= r->size)
			continue;
		if (!m->bytes[i])
			m->bytes[i] = calloc(1, r->size);
		return m->bytes[i] + (gpa - r->gpa);
	}
	return NULL;
}

int guest_mem_load(struct guest *guest, gpa_t gpa, const void *buf, size_t len)
{
	const uint8_t *from = buf;

	loaded += len;
	while (len) {
		uint8_t *to = fake_guest_ptr(guest, gpa);
		size_t n = 0x1000 - gpa % 0x1000;

		if (!to)
			return -EFAULT;
		n = n > len ? len : n;
		memcpy(to, from, n);
		from += n;
		gpa += n;
		len -= n;
	}
	return 0;
}

uint64_t fake_guest_loaded(void)
{
	return loaded;
}

void vcpu_reset(struct vcpu *vcpu);

void vcpu_reset(struct vcpu *vcpu)
{
	resets++;
}

unsigned fake_vcpu_resets(void)
{
	return resets;
}
