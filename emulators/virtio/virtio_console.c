/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtio console (Virtual I/O Device 1.2, 5.3). Each port is a vserial port: `ports` of them are
 * consoles, the first named after the node and others "<node>.<n>"; `port_names` lists further ones
 * that the guest finds by name, "<node>.<name>". With more than one port there are queues for
 * control messages.
 *
 * What the guest is to be told of a port is a set of bits (atomic) until there is a buffer for it.
 */
#include <core/log.h>
#include <core/mem.h>
#include <core/shell.h>
#include <core/vserial.h>
#include <libs/bits.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

#include "virtio.h"

#define F_MULTIPORT   BIT(1)
#define F_EMERG_WRITE BIT(2)
#define CONFIG_LEN    12
#define CONFIG_PORTS  4
#define CONFIG_EMERG  8

/* Queues (5.3.2): port 0 has 0 and 1, port n 2n + 2 and 2n + 3. */
#define QUEUE_CONTROL_RX 2
#define QUEUE_CONTROL_TX 3

/* Control messages (5.3.6.2): le32 port, le16 event, le16 value. */
#define MESSAGE_LEN	8
#define DEVICE_READY	0
#define DEVICE_ADD	1
#define PORT_READY	3
#define CONSOLE_PORT	4
#define PORT_OPEN	6
#define PORT_NAME	7

#define PORTS_MAX   16
#define NAME_MAX    32
#define REQUEST_MAX (1 * MIB) /* no driver sends more at once; a flood would be kept waiting here */

struct port {
	struct virtio_dev *vd;
	struct vserial *vs;
	unsigned index;
	char name[NAME_MAX]; /* as the node had it when it was made; empty: a console */
	uint32_t to_tell; /* events, a bit each; atomic */
	bool open;	  /* the guest's side; atomic */
};

struct console {
	unsigned nr_ports;
	struct port ports[];
};

/** How many ports a node asks for: consoles, and others by name. */
static unsigned consoles_of(const struct dt_node *node)
{
	return dt_u32_or(node, "ports", 1);
}

static unsigned names_of(const struct dt_node *node)
{
	unsigned n = 0;

	while (n <= PORTS_MAX && dt_string(node, "port_names", n))
		n++;
	return n;
}

static bool multiport(const struct virtio_dev *vd)
{
	return virtio_has(vd, F_MULTIPORT);
}

static struct virtqueue *receive_queue(struct port *port)
{
	return &port->vd->queues[port->index ? 2 * port->index + 2 : 0];
}

/* --- data ------------------------------------------------------------------------------------- */

/** Input for the guest, into the buffers that it has put up for it. */
static size_t receive(void *priv, const uint8_t *buf, size_t n)
{
	struct port *port = priv;
	struct virtqueue *vq = receive_queue(port);
	size_t took = 0;

	/* A driver throws away what comes for a port that nobody has open. */
	if (multiport(port->vd) && !READ_ONCE(port->open))
		return 0;
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
	struct console *con = vd->priv;
	unsigned queue = chain->vq->index, i;
	struct port *port = &con->ports[queue < QUEUE_CONTROL_RX ? 0 : queue / 2 - 1];

	if (chain->out_len > REQUEST_MAX) {
		virtio_broken(vd, "%llu bytes to send in one request, more than 1 MiB",
			      (unsigned long long)chain->out_len);
		vq_push(chain, 0);
		return false;
	}
	for (i = 0; i < chain->nr_out; i++)
		vserial_output(port->vs, chain->segs[i].va, chain->segs[i].len);
	vq_push(chain, 0);
	return true;
}

/* --- control ---------------------------------------------------------------------------------- */

static void tell(struct port *port, uint32_t events)
{
	__atomic_fetch_or(&port->to_tell, events, __ATOMIC_RELEASE);
}

/** A message from the driver; what it asks for that is not, is no harm. */
static bool control(struct vq_chain *chain)
{
	struct virtio_dev *vd = chain->vq->vd;
	struct console *con = vd->priv;
	uint8_t message[MESSAGE_LEN] = { 0 };
	size_t len = vq_read(chain, 0, message, sizeof(message));
	uint32_t id = get_le32(message), event = get_le16(message + 4);
	unsigned value = get_le16(message + 6), i;

	vq_push(chain, 0);
	if (len < MESSAGE_LEN || (event != DEVICE_READY && id >= con->nr_ports)) {
		emu_complain(vd->dev, NULL, "control message %u for port %u, of %u bytes: ignored",
			     event, id, (unsigned)len);
		return true;
	}
	if (event == DEVICE_READY && value) {
		for (i = 0; i < con->nr_ports; i++)
			tell(&con->ports[i], BIT32(DEVICE_ADD));
	} else if (event == PORT_READY && value) {
		tell(&con->ports[id], BIT32(PORT_OPEN) |
			(*con->ports[id].name ? BIT32(PORT_NAME) : BIT32(CONSOLE_PORT)));
	} else if (event == PORT_OPEN) {
		WRITE_ONCE(con->ports[id].open, value != 0);
	}
	return true;
}

static void write_message(struct vq_chain *chain, const struct port *port, unsigned event)
{
	uint8_t message[MESSAGE_LEN + NAME_MAX];
	size_t len = MESSAGE_LEN;

	put_le32(message, port->index);
	put_le16(message + 4, (uint16_t)event);
	put_le16(message + 6, 1);
	if (event == PORT_NAME) {
		len += strlen(port->name);
		memcpy(message + MESSAGE_LEN, port->name, len - MESSAGE_LEN);
	}
	vq_push(chain, (uint32_t)vq_write(chain, 0, message, len));
}

/** Tell the guest what there is to tell of a port, as far as it has buffers. Queue's lock held. */
static void tell_port(struct virtqueue *vq, struct port *port)
{
	uint32_t events;

	/* In the order of their numbers, which is that of a port's life. */
	while ((events = __atomic_load_n(&port->to_tell, __ATOMIC_ACQUIRE))) {
		unsigned event = ctz64(events);
		struct vq_chain *chain = vq_pop(vq);

		if (!chain && vq_listen(vq))
			continue;
		if (!chain)
			return;
		__atomic_fetch_and(&port->to_tell, ~BIT32(event), __ATOMIC_RELAXED);
		write_message(chain, port, event);
	}
}

static void tell_all(struct virtio_dev *vd)
{
	struct virtqueue *vq = &vd->queues[QUEUE_CONTROL_RX];
	struct console *con = vd->priv;
	unsigned i;

	mutex_lock(&vq->lock);
	for (i = 0; i < con->nr_ports; i++)
		tell_port(vq, &con->ports[i]);
	vq_signal(vq);
	mutex_unlock(&vq->lock);
}

/* --- queues ----------------------------------------------------------------------------------- */

static bool console_serve(struct virtio_dev *vd, struct virtqueue *vq)
{
	/* New receive buffers are looked at when there is input: console_after(). */
	if (!(vq->index & 1))
		return false;
	return vq_serve(vq, vq->index == QUEUE_CONTROL_TX ? control : transmit);
}

static void console_after(struct virtio_dev *vd)
{
	struct console *con = vd->priv;
	unsigned i;

	if (multiport(vd))
		tell_all(vd);
	for (i = 0; i < con->nr_ports; i++)
		vserial_ready(con->ports[i].vs);
}

static void console_reset(struct virtio_dev *vd)
{
	struct console *con = vd->priv;
	unsigned i;

	for (i = 0; i < con->nr_ports; i++) {
		WRITE_ONCE(con->ports[i].open, false);
		__atomic_store_n(&con->ports[i].to_tell, 0, __ATOMIC_RELAXED);
	}
}

static void console_config_read(struct virtio_dev *vd, uint8_t *buf)
{
	const struct console *con = vd->priv;

	put_le32(buf + CONFIG_PORTS, con->nr_ports);
}

/** A character without any queue, for the earliest messages (5.3.4). */
static void console_config_write(struct virtio_dev *vd, unsigned offset, unsigned n,
				 uint64_t value)
{
	const struct console *con = vd->priv;
	uint8_t c = (uint8_t)value;

	if (offset == CONFIG_EMERG)
		vserial_output(con->ports[0].vs, &c, 1);
}

/* --- life ------------------------------------------------------------------------------------ */

static unsigned console_check(const struct dt_node *node, const char *path, struct shell_out *out)
{
	unsigned consoles = consoles_of(node), names = names_of(node), i, errors = 0;

	if (!consoles || consoles + names > PORTS_MAX) {
		out_printf(out, "%s: ports and port_names: there can be 1 to %u ports, the first "
			   "of them a console.\n", path, PORTS_MAX);
		errors++;
	}
	for (i = 0; i < names; i++) {
		const char *name = dt_string(node, "port_names", i);

		if (*name && strlen(name) < NAME_MAX && !strchr(name, '/'))
			continue;
		out_printf(out, "%s: port_names: \"%.40s\" is no name; it has 1 to %u characters "
			   "and no '/'.\n", path, name, NAME_MAX - 1);
		errors++;
	}
	return errors;
}

static unsigned console_queues(const struct emu_dev *dev)
{
	unsigned ports = consoles_of(dev->node) + names_of(dev->node);

	return ports > 1 && ports <= PORTS_MAX ? 2 * ports + 2 : 2;
}

static int add_port(struct port *port, const char *name)
{
	struct emu_dev *dev = port->vd->dev;
	char text[48 + NAME_MAX];

	strlcpy(port->name, name ? name : "", sizeof(port->name));
	if (!port->index)
		strlcpy(text, dev->node->name, sizeof(text));
	else if (name)
		snprintf(text, sizeof(text), "%s.%s", dev->node->name, name);
	else
		snprintf(text, sizeof(text), "%s.%u", dev->node->name, port->index);
	port->vs = vserial_create(dev->guest, text, VSERIAL_HISTORY, receive, port);
	if (port->vs)
		return 0;
	return emu_fail(dev, -ENOMEM, "no memory for its serial port \"%s\", or there is another "
			"of that name", text);
}

static void console_remove(struct virtio_dev *vd)
{
	struct console *con = vd->priv;
	unsigned i;

	for (i = 0; i < con->nr_ports; i++)
		vserial_destroy(con->ports[i].vs);
	heap_free(con);
}

static int console_probe(struct virtio_dev *vd)
{
	const struct dt_node *node = vd->dev->node;
	unsigned consoles = consoles_of(node), n = consoles + names_of(node), i;
	struct console *con;
	int err = 0;

	if (!consoles || n > PORTS_MAX)
		return emu_fail(vd->dev, -EINVAL, "there can be 1 to %u ports", PORTS_MAX);
	con = heap_zalloc(sizeof(*con) + n * sizeof(con->ports[0]));
	if (!con)
		return -ENOMEM;
	con->nr_ports = n;
	vd->priv = con;
	for (i = 0; i < n && !err; i++) {
		con->ports[i].vd = vd;
		con->ports[i].index = i;
		err = add_port(&con->ports[i], i < consoles ? NULL :
					       dt_string(node, "port_names", i - consoles));
	}
	if (n > 1)
		vd->features |= F_MULTIPORT;
	if (err)
		console_remove(vd);
	return err;
}

static void console_show(struct virtio_dev *vd, struct shell_out *out)
{
	const struct console *con = vd->priv;
	uint64_t sent, got, lost;
	unsigned i;

	for (i = 0; i < con->nr_ports; i++) {
		const struct port *port = &con->ports[i];

		vserial_counts(port->vs, &sent, &got, &lost);
		out_printf(out, "port %s: %llu bytes out, %llu in%s\n", vserial_name(port->vs),
			   (unsigned long long)sent, (unsigned long long)got,
			   READ_ONCE(port->open) ? ", open" : "");
	}
}

const struct virtio_ops virtio_console_ops = {
	.name = "console",
	.type = VIRTIO_ID_CONSOLE,
	.count_queues = console_queues,
	.queue_size = 128,
	.pool_size = 4096,
	.features = F_EMERG_WRITE,
	.config_len = CONFIG_LEN,
	.check = console_check,
	.probe = console_probe,
	.remove = console_remove,
	.reset = console_reset,
	.serve = console_serve,
	.after = console_after,
	.config_read = console_config_read,
	.config_write = console_config_write,
	.show = console_show,
};
