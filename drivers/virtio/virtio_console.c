/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtio consoles of the host (Virtual I/O Device 1.2, 5.3), their first port, as a character
 * device. Receiving is the interrupt handler's; the device has no more buffers than what nobody has
 * read leaves room for. Sending is chardev's one sender's, who waits until the device has taken the
 * bytes, for they are not its own to keep.
 *
 * The character device's lock also guards the ring of received bytes and which buffers are kept.
 */
#include "vio.h"

#include <arch/cpu.h>
#include <core/chardev.h>
#include <core/mem.h>
#include <core/spinlock.h>
#include <core/time.h>
#include <libs/errno.h>
#include <libs/string.h>

#define RX_BUFFERS 8
#define RX_BYTES   64
#define TX_BYTES   1024
/* A console that nobody reads: bytes are lost rather than the hypervisor stopped. */
#define PATIENCE   100000000ull

struct console {
	struct chardev cd;
	struct vio_dev *vd;
	bool stalled;		/* the device has tx, and does not give it back */
	uint8_t *kept[RX_BUFFERS]; /* buffers that the device does not get while it is held */
	unsigned nr_kept;
	uint8_t tx[TX_BYTES];
	uint8_t rx[RX_BUFFERS][RX_BYTES];
};

/* The device gets what is kept, unless it is to wait. */
static void console_hold(struct chardev *cd, bool hold)
{
	struct console *con = cd->priv;
	struct vring *vr = &con->vd->rings[0];

	if (hold)
		return;
	while (con->nr_kept && vring_begin(vr, 1)) {
		uint8_t *buf = con->kept[--con->nr_kept];

		vring_put(vr, buf, RX_BYTES, true);
		vring_end(vr, buf);
	}
	vring_kick(vr);
}

/* IRQs masked. */
static void received(struct vring *vr)
{
	struct console *con = vr->dev->priv;
	uint32_t len;
	uint8_t *buf;

	spin_lock(&con->cd.lock);
	do {
		while ((buf = vring_get(vr, &len))) {
			spin_unlock(&con->cd.lock);
			chardev_receive(&con->cd, buf, MIN_T(uint32_t, len, RX_BYTES));
			spin_lock(&con->cd.lock);
			con->kept[con->nr_kept++] = buf;
		}
		console_hold(&con->cd, con->cd.held);
	} while (vring_listen(vr));
	spin_unlock(&con->cd.lock);
}

/* @return whether tx is ours again */
static bool taken(struct console *con, uint64_t patience)
{
	uint64_t limit = time_now() + patience;

	while (!vring_get(&con->vd->rings[1], NULL)) {
		if (time_now() >= limit)
			return false;
		arch_relax();
	}
	return true;
}

static void console_send(struct chardev *cd, const void *buf, size_t n)
{
	struct console *con = cd->priv;
	struct vring *vr = &con->vd->rings[1];
	const uint8_t *bytes = buf;

	if (con->stalled && !taken(con, 0))
		return;
	con->stalled = false;
	while (n && !con->stalled) {
		size_t part = MIN_T(size_t, n, TX_BYTES);

		memcpy(con->tx, bytes, part);
		if (!vring_begin(vr, 1))
			return;
		vring_put(vr, con->tx, (uint32_t)part, false);
		vring_end(vr, con);
		vring_kick(vr);
		con->stalled = !taken(con, PATIENCE);
		bytes += part;
		n -= part;
	}
}

static const struct chardev_ops console_ops = {
	.write = console_send,
	.hold = console_hold,
	.batch = RX_BUFFERS * RX_BYTES,
};

static int console_probe(struct vio_dev *vd)
{
	static const struct vring_spec rings[] = {
		{ RX_BUFFERS, false, received },
		{ 2, false, NULL },
	};
	struct console *con = heap_zalloc(sizeof(*con));
	unsigned long flags;
	int err;

	if (!con)
		return -ENOMEM;
	con->vd = vd;
	vd->priv = con;
	err = vio_rings(vd, rings, ARRAY_SIZE(rings));
	if (err)
		goto err_free;
	con->cd.ops = &console_ops;
	con->cd.priv = con;
	err = chardev_register(&con->cd, "hvc");
	if (err)
		goto err_free;
	vio_ready(vd);
	while (con->nr_kept < RX_BUFFERS) {
		con->kept[con->nr_kept] = con->rx[con->nr_kept];
		con->nr_kept++;
	}
	flags = arch_irq_save();
	received(&vd->rings[0]);
	arch_irq_restore(flags);
	return 0;
err_free:
	heap_free(con);
	return err;
}

VIO_DRIVER(console) {
	.name = "virtio-console",
	.type = VIO_ID_CONSOLE,
	.probe = console_probe,
};
