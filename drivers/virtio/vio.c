/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bus of the host's virtio devices: initialisation as Virtual I/O Device 1.2, 3.1 has it,
 * features, rings. Devices come while drivers are probed, one after the other; no data of its own.
 */
#include "vio.h"

#include <core/log.h>
#include <core/mem.h>
#include <core/table.h>
#include <libs/bits.h>
#include <libs/errno.h>

TABLE(struct vio_driver, vio_driver);

/* Used whatever the type. The addresses that devices get are those of the CPU. */
#define COMMON_FEATURES (VIO_F_INDIRECT | VIO_F_EVENT_IDX | VIO_F_VERSION_1 | \
			 VIO_F_ACCESS_PLATFORM | VIO_F_ORDER_PLATFORM)

static void add_status(struct vio_dev *vd, uint8_t bits)
{
	vd->ops->set_status(vd, vd->ops->get_status(vd) | bits);
}

uint64_t vio_config64(struct vio_dev *vd, unsigned offset)
{
	uint32_t before, low, high;
	unsigned tries = 16;

	do {
		before = vd->ops->config_generation(vd);
		low = vio_config32(vd, offset);
		high = vio_config32(vd, offset + 4);
	} while (vd->ops->config_generation(vd) != before && --tries);
	return (uint64_t)high << 32 | low;
}

void vio_interrupt(struct vio_dev *vd, uint32_t causes)
{
	unsigned i;

	if (causes & VIO_INT_RING)
		for (i = 0; i < vd->nr_rings; i++)
			if (vd->rings[i].callback)
				vd->rings[i].callback(&vd->rings[i]);
	if (!(causes & VIO_INT_CONFIG))
		return;
	if (vd->ops->get_status(vd) & VIO_S_NEEDS_RESET)
		log_error("%s: the device says that it is broken", vd->name);
	else if (vd->driver && vd->driver->config_changed)
		vd->driver->config_changed(vd);
}

/* --- rings --------------------------------------------------------------------------------- */

static void drop_rings(struct vio_dev *vd)
{
	while (vd->nr_rings)
		vring_fini(&vd->rings[--vd->nr_rings]);
	heap_free(vd->rings);
	vd->rings = NULL;
}

static int make_ring(struct vio_dev *vd, unsigned index, const struct vring_spec *spec)
{
	struct vring *vr = &vd->rings[index];
	uint16_t max = vd->ops->queue_max(vd, index);

	if (!max) {
		log_error("%s: the device has no queue %u, which its type has to have", vd->name,
			  index);
		return -ENODEV;
	}
	vr->dev = vd;
	vr->index = (uint16_t)index;
	vr->event_idx = vio_has(vd, VIO_F_EVENT_IDX);
	vr->callback = spec->callback;
	/* A device's largest size need not be a power of two where its rings may be packed. */
	return vring_init(vr, (uint16_t)MIN_T(uint64_t, rounddown_pow2(max), spec->max),
			  spec->indirect && vio_has(vd, VIO_F_INDIRECT));
}

int vio_rings(struct vio_dev *vd, const struct vring_spec *specs, unsigned n)
{
	unsigned i;
	int err = 0;

	vd->rings = heap_calloc(n, sizeof(*vd->rings));
	if (!vd->rings)
		return -ENOMEM;
	for (i = 0; i < n && !err; i++) {
		err = make_ring(vd, i, &specs[i]);
		if (!err)
			vd->nr_rings++;
	}
	if (!err)
		err = vd->ops->irqs_claim(vd);
	if (err) {
		drop_rings(vd);
		return err;
	}
	for (i = 0; i < n && !err; i++) {
		if (!vd->rings[i].callback)
			vring_quiet(&vd->rings[i]);
		err = vd->ops->queue_enable(vd, &vd->rings[i]);
	}
	return err;
}

void vio_ready(struct vio_dev *vd)
{
	add_status(vd, VIO_S_DRIVER_OK);
}

/* --- devices ------------------------------------------------------------------------------- */

static const struct vio_driver *find_driver(uint32_t type)
{
	table_for_each(struct vio_driver, driver, vio_driver)
		if ((*driver)->type == type)
			return *driver;
	return NULL;
}

static int negotiate(struct vio_dev *vd)
{
	uint64_t offered = vd->ops->get_features(vd);

	if (!(offered & VIO_F_VERSION_1)) {
		log_error("%s: the virtio device has only the interface from before version 1, "
			  "which there is no driver for", vd->name);
		return -ENOTSUP;
	}
	if (offered & VIO_F_ACCESS_PLATFORM && !vd->coherent) {
		log_error("%s: this virtio device is not used: it does not see the CPUs' caches "
			  "(no \"dma-coherent\"), as devices without VIRTIO_F_ACCESS_PLATFORM do",
			  vd->name);
		return -ENOTSUP;
	}
	vd->features = offered & (vd->driver->features | COMMON_FEATURES);
	if (vd->driver->choose)
		vd->features = vd->driver->choose(vd->features);
	vd->ops->set_features(vd, vd->features);
	add_status(vd, VIO_S_FEATURES_OK);
	if (vd->ops->get_status(vd) & VIO_S_FEATURES_OK)
		return 0;
	log_error("%s: the virtio device does not accept the features 0x%llx of 0x%llx", vd->name,
		  (unsigned long long)vd->features, (unsigned long long)offered);
	return -ENOTSUP;
}

int vio_register(struct vio_dev *vd)
{
	int err;

	vd->ops->set_status(vd, 0);
	add_status(vd, VIO_S_ACKNOWLEDGE);
	vd->driver = find_driver(vd->type);
	if (!vd->driver) {
		log_info("%s: no driver for virtio devices of type %u", vd->name, vd->type);
		return -ENODEV;
	}
	add_status(vd, VIO_S_DRIVER);
	err = negotiate(vd);
	if (!err)
		err = vd->driver->probe(vd);
	if (!err)
		return 0;
	vd->ops->set_status(vd, 0);
	if (vd->nr_rings) {
		vd->ops->irqs_free(vd);
		drop_rings(vd);
	}
	add_status(vd, VIO_S_FAILED);
	vd->driver = NULL;
	return err;
}
