/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Network interfaces of the host, each a port that can be a switch's uplink. net_mutex guards the
 * list; the burst of an interface belongs to its driver's receive thread.
 */
#include "net_priv.h"

#include <core/log.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

#define NETDEVS_MAX 1000

struct list netdevs = LIST_INIT(netdevs);

static bool netdev_deliver(struct net_port *port, const struct net_frame *frame)
{
	struct netdev *nd = port->priv;

	return nd->ops->transmit(nd, frame);
}

static void netdev_burst_end(struct net_port *port)
{
	struct netdev *nd = port->priv;

	nd->ops->burst_end(nd);
}

static int netdev_link(struct net_port *port, bool up)
{
	struct netdev *nd = port->priv;
	int err;

	if (!up) {
		nd->open = false;
		nd->ops->close(nd);
		return 0;
	}
	port->caps = nd->caps;
	port->mtu = nd->mtu;
	err = nd->ops->open(nd);
	nd->open = !err;
	return err;
}

static const struct net_port_ops netdev_port_ops = {
	.deliver = netdev_deliver,
	.burst_end = netdev_burst_end,
	.link = netdev_link,
};

int netdev_register(struct netdev *nd)
{
	struct net_port *port = &nd->port;
	unsigned n;
	int err = -ENOSPC;

	memset(port, 0, sizeof(*port));
	port->ops = &netdev_port_ops;
	port->priv = nd;
	port->uplink = true;
	memcpy(port->mac, nd->mac, NET_MAC_LEN);
	nd->in_burst = false;
	nd->open = false;
	for (n = 0; err && n < NETDEVS_MAX; n++) {
		snprintf(nd->name, sizeof(nd->name), "eth%u", n);
		strlcpy(port->name, nd->name, sizeof(port->name));
		err = net_port_register(port);
	}
	if (err)
		return -ENOSPC;
	mutex_lock(&net_mutex);
	list_add_tail(&netdevs, &nd->link);
	mutex_unlock(&net_mutex);
	return 0;
}

void netdev_unregister(struct netdev *nd)
{
	mutex_lock(&net_mutex);
	list_del(&nd->link);
	mutex_unlock(&net_mutex);
	net_port_unregister(&nd->port);
}

struct netdev *netdev_next(struct netdev *prev)
{
	struct list *next = prev ? prev->link.next : netdevs.next;

	return next == &netdevs ? NULL : list_entry(next, struct netdev, link);
}

void netdev_receive(struct netdev *nd, const struct net_frame *frame)
{
	if (!nd->in_burst) {
		nd->in_burst = true;
		net_burst_begin(&nd->burst, &nd->port);
	}
	net_send(&nd->burst, frame);
}

void netdev_receive_end(struct netdev *nd)
{
	if (!nd->in_burst)
		return;
	nd->in_burst = false;
	net_burst_end(&nd->burst);
}
