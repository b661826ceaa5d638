/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtio console (Virtual I/O Device 1.1, 5.3) with one port, which is a vserial port named after
 * the node. Its state is the queues', under the device's lock.
 */
#include <core/log.h>
#include <core/shell.h>
#include <core/vserial.h>
#include <libs/errno.h>
#include <libs/string.h>

#include "virtio.h"

#define QUEUE_RECEIVE  0
#define QUEUE_TRANSMIT 1

#define F_EMERG_WRITE BIT(2)
#define CONFIG_LEN    12
#define CONFIG_PORTS  4
#define CONFIG_EMERG  8

#define HISTORY	    4096
#define REQUEST_MAX (1 * MIB) /* no driver sends more at once; a flood would be kept waiting here */

/** Input for the guest, into the buffers that it has put up for it. */
static size_t receive(void *priv, const uint8_t *buf, size_t n)
{
	struct virtio_dev *vd = priv;
	struct virtqueue *vq = &vd->queues[QUEUE_RECEIVE];
	struct vq_chain chain;
	size_t took = 0;

	mutex_lock(&vd->lock);
	while (took < n) {
		size_t len;
		int got = vq_pop(vq, &chain);

		if (!got && vq_listen(vq))
			continue;
		if (got <= 0)
			break;
		len = MIN_T(uint64_t, n - took, chain.in_len);
		if (vq_write(&chain, 0, buf + took, len))
			break;
		vq_push(vq, chain.head, (uint32_t)len);
		took += len;
	}
	vq_signal(vq);
	mutex_unlock(&vd->lock);
	return took;
}

static bool transmit(struct vq_chain *chain)
{
	struct virtio_dev *vd = chain->vq->vd;
	uint64_t done = 0, len;

	if (chain->out_len > REQUEST_MAX) {
		virtio_broken(vd, "%llu bytes to send in one request, more than 1 MiB",
			      (unsigned long long)chain->out_len);
		return false;
	}
	while (done < chain->out_len) {
		const void *p = vq_piece(chain, false, done, &len);

		if (!p)
			return false;
		vserial_output(vd->priv, p, len);
		done += len;
	}
	vq_push(chain->vq, chain->head, 0);
	return true;
}

static bool console_serve(struct virtio_dev *vd, struct virtqueue *vq)
{
	/* New receive buffers are looked at when there is input: console_after(). */
	return vq->index == QUEUE_TRANSMIT && vq_serve(vq, transmit);
}

static void console_after(struct virtio_dev *vd)
{
	vserial_ready(vd->priv);
}

static void console_config_read(struct virtio_dev *vd, uint8_t *buf)
{
	buf[CONFIG_PORTS] = 1;
}

/** A character without any queue, for the earliest messages (5.3.4). */
static void console_config_write(struct virtio_dev *vd, unsigned offset, unsigned n,
				 uint64_t value)
{
	uint8_t c = (uint8_t)value;

	if (offset == CONFIG_EMERG)
		vserial_output(vd->priv, &c, 1);
}

static int console_probe(struct virtio_dev *vd)
{
	struct emu_dev *dev = vd->dev;

	vd->priv = vserial_create(dev->guest, dev->node->name, HISTORY, receive, vd);
	if (vd->priv)
		return 0;
	log_error("%s: no memory for its serial port, or another device has that name", dev->name);
	return -ENOMEM;
}

static void console_remove(struct virtio_dev *vd)
{
	vserial_destroy(vd->priv);
}

static void console_show(struct virtio_dev *vd, struct shell_out *out)
{
	uint64_t sent, got, lost;

	vserial_counts(vd->priv, &sent, &got, &lost);
	out_printf(out, "port %s: %llu bytes out, %llu in\n", vserial_name(vd->priv),
		   (unsigned long long)sent, (unsigned long long)got);
}

const struct virtio_ops virtio_console_ops = {
	.name = "console",
	.type = VIRTIO_ID_CONSOLE,
	.nr_queues = 2,
	.features = F_EMERG_WRITE,
	.config_len = CONFIG_LEN,
	.probe = console_probe,
	.remove = console_remove,
	.serve = console_serve,
	.after = console_after,
	.config_read = console_config_read,
	.config_write = console_config_write,
	.show = console_show,
};
