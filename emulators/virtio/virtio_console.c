/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtio console (Virtual I/O Device 1.2, 5.3) with one port, which is a vserial port named after
 * the node. It has no state of its own but the queues'.
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
	size_t took = 0;

	mutex_lock(&vq->lock);
	while (took < n) {
		struct vq_chain *chain = vq_pop(vq);
		size_t len;

		if (!chain && vq_listen(vq))
			continue;
		if (!chain)
			break;
		len = vq_write(chain, 0, buf + took, n - took);
		vq_push(chain, (uint32_t)len);
		took += len;
	}
	vq_signal(vq);
	mutex_unlock(&vq->lock);
	return took;
}

static bool transmit(struct vq_chain *chain)
{
	struct virtio_dev *vd = chain->vq->vd;
	unsigned i;

	if (chain->out_len > REQUEST_MAX) {
		virtio_broken(vd, "%llu bytes to send in one request, more than 1 MiB",
			      (unsigned long long)chain->out_len);
		vq_push(chain, 0);
		return false;
	}
	for (i = 0; i < chain->nr_out; i++)
		vserial_output(vd->priv, chain->segs[i].va, chain->segs[i].len);
	vq_push(chain, 0);
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
	.queue_size = 128,
	.pool_size = 4096,
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
