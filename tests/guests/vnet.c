/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * See vnet.h. Only the first CPU uses it; its data needs no lock.
 */
#include "vnet.h"

#include "gic.h"

struct vring vnet_rx, vnet_tx;
uintptr_t vnet_base;
uint8_t vnet_mac[6];

static void on_interrupt(unsigned irq)
{
	write32(vnet_base + VIRTIO_INTERRUPT_ACK, read32(vnet_base + VIRTIO_INTERRUPT_STATUS));
}

bool vnet_find(void)
{
	const uint8_t *reg;

	for (unsigned i = 0; !vnet_base && (reg = fdt_get("virtio_mmio@", i, "reg", NULL)); i++) {
		uintptr_t base = (uint64_t)fdt_u32(reg) << 32 | fdt_u32(reg + 4);

		if (read32(base + VIRTIO_DEVICE_ID) == VIRTIO_ID_NET)
			vnet_base = base;
	}
	for (unsigned i = 0; vnet_base && i < 6; i++)
		vnet_mac[i] = read8(vnet_base + VIRTIO_CONFIG + i);
	return vnet_base;
}

static void set_address(unsigned reg, const volatile void *p)
{
	write32(vnet_base + reg, (uint32_t)(uintptr_t)p);
	write32(vnet_base + reg + 4, (uint32_t)((uintptr_t)p >> 32));
}

static void begin_queue(unsigned index, struct vring *r)
{
	memset(&r->avail, 0, sizeof(r->avail));
	memset(&r->used, 0, sizeof(r->used));
	r->seen = 0;
	for (unsigned i = 0; i < VNET_QUEUE; i++) {
		r->desc[i] = (struct vring_desc){ (uintptr_t)r->buf[i], sizeof(r->buf[i]),
						  index ? 0 : VRING_WRITE, 0 };
		r->avail.ring[i] = (uint16_t)i;
	}
	r->avail.idx = index ? 0 : VNET_QUEUE;
	write32(vnet_base + VIRTIO_QUEUE_SELECT, index);
	write32(vnet_base + VIRTIO_QUEUE_NUM, VNET_QUEUE);
	set_address(VIRTIO_QUEUE_DESC, r->desc);
	set_address(VIRTIO_QUEUE_DRIVER, &r->avail);
	set_address(VIRTIO_QUEUE_DEVICE, &r->used);
	dsb();
	write32(vnet_base + VIRTIO_QUEUE_READY, 1);
}

void vnet_begin(uint64_t features)
{
	unsigned irq = IRQ_VIRTIO + (unsigned)((vnet_base - VIRTIO_BASE) / VIRTIO_STRIDE);

	features |= BIT(32); /* VIRTIO_F_VERSION_1 */
	write32(vnet_base + VIRTIO_STATUS, 0);
	write32(vnet_base + VIRTIO_STATUS, 3);
	for (unsigned half = 0; half < 2; half++) {
		write32(vnet_base + VIRTIO_DRIVER_SELECT, half);
		write32(vnet_base + VIRTIO_DRIVER_FEATURES, (uint32_t)(features >> 32 * half));
	}
	write32(vnet_base + VIRTIO_STATUS, 0xb);
	begin_queue(0, &vnet_rx);
	begin_queue(1, &vnet_tx);
	irq_handlers[irq] = on_interrupt;
	gic_set_target(irq, 0);
	gic_enable(irq);
	write32(vnet_base + VIRTIO_STATUS, VIRTIO_DRIVER_OK);
	write32(vnet_base + VIRTIO_NOTIFY, 0);
}

uint8_t *vnet_receive(unsigned *len)
{
	unsigned entry = vnet_rx.seen % VNET_QUEUE;

	if (*(volatile uint16_t *)&vnet_rx.used.idx == vnet_rx.seen)
		return NULL;
	dsb();
	*len = vnet_rx.used.ring[entry].len - VNET_HDR_LEN;
	return vnet_rx.buf[vnet_rx.used.ring[entry].id % VNET_QUEUE] + VNET_HDR_LEN;
}

void vnet_done(void)
{
	unsigned id = vnet_rx.used.ring[vnet_rx.seen++ % VNET_QUEUE].id;

	vnet_rx.avail.ring[vnet_rx.avail.idx % VNET_QUEUE] = (uint16_t)id;
	dsb();
	*(volatile uint16_t *)&vnet_rx.avail.idx = (uint16_t)(vnet_rx.avail.idx + 1);
}

bool vnet_put(const void *frame, unsigned len)
{
	unsigned entry = vnet_tx.avail.idx % VNET_QUEUE;

	/* Requests end in their order here: the one in flight before has this buffer. */
	if ((uint16_t)(vnet_tx.avail.idx - *(volatile uint16_t *)&vnet_tx.used.idx) >= VNET_QUEUE)
		return false;
	memset(vnet_tx.buf[entry], 0, VNET_HDR_LEN);
	memcpy(vnet_tx.buf[entry] + VNET_HDR_LEN, frame, len);
	vnet_tx.desc[entry].len = VNET_HDR_LEN + len;
	vnet_tx.avail.ring[entry] = (uint16_t)entry;
	dsb();
	*(volatile uint16_t *)&vnet_tx.avail.idx = (uint16_t)(vnet_tx.avail.idx + 1);
	return true;
}

void vnet_kick(void)
{
	dsb();
	write32(vnet_base + VIRTIO_NOTIFY, 1);
}
