/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The translation that an emulated ITS makes: which LPI an event of a device is, and to which
 * redistributor it goes (IHI 0069, 5.2). It is kept in the hypervisor's memory, as much as the
 * guest maps, within bounds; the guest's tables are only asked for their size.
 */
#pragma once

#include "vgic_lpi.h"

#define ITS_DEVICE_BITS	   8	/**< of a DeviceID: functions of one bus */
#define ITS_EVENT_BITS	   11	/**< of an EventID: as many as MSI-X has vectors */
#define ITS_COLLECTION_BITS 8
#define ITS_DEVICES	   (1u << ITS_DEVICE_BITS)
#define ITS_COLLECTIONS	   (1u << ITS_COLLECTION_BITS)
#define ITS_LPIS	   (VGIC_LPI_BANKS * 32u)
/** Events of all devices together that can be mapped at a time: four for each LPI. */
#define ITS_EVENTS_MAX	   (4 * ITS_LPIS)

/** An event: its LPI, and its collection; 0: not mapped. */
typedef uint32_t its_entry;

struct its_device {
	uint32_t events; /**< that may be mapped: what the guest gave its table room for */
	uint32_t room;	 /**< of entries, grows */
	its_entry *entries;
};

/** its.lock, a spin lock, guards it; only holders of its.mutex change it. */
struct its_map {
	struct vgic *gic;
	spinlock_t lock;
	struct its_device **devices; /**< ITS_DEVICES, made with the first one */
	uint32_t *used;		     /**< a bit for each LPI that some event is */
	unsigned room;		     /**< of all devices' entries together */
	uint8_t targets[ITS_COLLECTIONS]; /**< vCPU, VGIC_NOWHERE: not mapped */
};

/* Thread context, one at a time (its.mutex). Errors: -ENOENT no such device, event or collection;
 * -ERANGE a number that cannot be; -EEXIST the LPI is another event's; -ENOMEM. */

void its_map_init(struct its_map *m, struct vgic *gic);
/** As after power on. LPIs stay as they are. */
void its_map_reset(struct its_map *m);
/** A device has so many events; of what it had before nothing is left. */
must_check int its_map_device(struct its_map *m, uint32_t device, uint32_t events);
must_check int its_unmap_device(struct its_map *m, uint32_t device);
must_check int its_map_event(struct its_map *m, uint32_t device, uint32_t event, uint32_t lpi,
			     uint32_t collection);
must_check int its_unmap_event(struct its_map *m, uint32_t device, uint32_t event);
/** Another collection for an event. */
must_check int its_move_event(struct its_map *m, uint32_t device, uint32_t event,
			      uint32_t collection);
/** Redistributor of a collection; VGIC_NOWHERE: unmap it. */
must_check int its_map_collection(struct its_map *m, uint32_t collection, unsigned vcpu);
/** @return the LPI of an event, or negative errno. Any context */
int its_lpi_of(struct its_map *m, uint32_t device, uint32_t event);
/** Numbers of devices and of mapped events. */
void its_map_count(struct its_map *m, unsigned *devices, unsigned *events);
