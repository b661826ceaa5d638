/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Telnet services. Each has a thread that owns what a connection needs (a shell, or a guest's
 * serial port); inet's thread hands it bytes and tells it of beginning and end. list_lock guards
 * the list.
 */
#include <core/telnetd.h>

#include <core/chardev.h>
#include <core/inet.h>
#include <core/mem.h>
#include <core/shell.h>
#include <core/thread.h>
#include <core/time.h>
#include <core/vserial.h>
#include <libs/atomic.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

#include "telnet.h"

#define IAC	 255
#define SEND_MAX 10000000000ull /* ns that output waits for a slow reader */
#define POLL	 1000000000ull	/* ns between looks whether a guest's port has gone */

struct telnetd {
	struct list link;
	struct tcp_service tcp;
	struct telnet_in in;
	struct thread *thread;
	char what[96];
	bool stop;
	bool here;		/* somebody is connected, until the thread has cleaned up */
	bool left;		/* and has gone */
	struct chardev cd;	/* of a shell */
	bool cd_live;
	struct vserial *vs;	/* of a guest */
	struct vserial_sink sink;
};

static struct mutex list_lock = MUTEX_INIT(list_lock);
static struct list daemons = LIST_INIT(daemons);

/* --- bytes ----------------------------------------------------------------------------------- */

/* Any context. */
static void send_bytes(struct telnetd *d, const uint8_t *buf, size_t n)
{
	static const uint8_t twice[2] = { IAC, IAC };
	size_t from = 0, i;

	for (i = 0; i < n; i++) {
		if (buf[i] != IAC)
			continue;
		(void)tcp_send(&d->tcp, buf + from, i - from);
		(void)tcp_send(&d->tcp, twice, 2);
		from = i + 1;
	}
	(void)tcp_send(&d->tcp, buf + from, n - from);
}

static void cd_write(struct chardev *cd, const void *buf, size_t n)
{
	send_bytes(cd->priv, buf, n);
}

static void cd_make_room(struct chardev *cd, size_t n)
{
	struct telnetd *d = cd->priv;

	(void)tcp_wait_room(&d->tcp, n, time_now() + SEND_MAX);
}

static const struct chardev_ops cd_ops = { .write = cd_write, .make_room = cd_make_room };

/* The serial port's lock is held. */
static void from_guest(struct vserial_sink *sink, const uint8_t *buf, size_t n)
{
	send_bytes(container_of(sink, struct telnetd, sink), buf, n);
}

/* --- inet's thread --------------------------------------------------------------------------- */

static void opened(struct tcp_service *tcp)
{
	struct telnetd *d = tcp->priv;

	d->in = (struct telnet_in){ 0 };
	WRITE_ONCE(d->left, false);
	WRITE_ONCE(tcp->busy, true);
	__atomic_store_n(&d->here, true, __ATOMIC_RELEASE);
	thread_wake(d->thread);
}

static size_t room(struct tcp_service *tcp)
{
	struct telnetd *d = tcp->priv;
	struct vserial *vs = __atomic_load_n(&d->vs, __ATOMIC_ACQUIRE);

	if (!__atomic_load_n(&d->here, __ATOMIC_ACQUIRE))
		return CHARDEV_RX / 2;
	if (vs)
		return vserial_room(vs);
	return d->cd_live ? ringbuf_space(&d->cd.rx) : 0;
}

static void refuse(void *arg, const uint8_t answer[3])
{
	struct telnetd *d = arg;

	(void)tcp_send(&d->tcp, answer, 3);
}

static void received(struct tcp_service *tcp, const uint8_t *buf, size_t n)
{
	struct telnetd *d = tcp->priv;
	struct vserial *vs;
	uint8_t copy[128];

	while (n) {
		size_t part = MIN(n, sizeof(copy)), data;

		memcpy(copy, buf, part);
		data = telnet_decode(&d->in, copy, part, refuse, d);
		vs = __atomic_load_n(&d->vs, __ATOMIC_ACQUIRE);
		if (vs)
			(void)vserial_input(vs, copy, data);
		else if (d->cd_live)
			chardev_receive(&d->cd, copy, data);
		buf += part;
		n -= part;
	}
}

static void closed(struct tcp_service *tcp)
{
	struct telnetd *d = tcp->priv;

	WRITE_ONCE(d->left, true);
	full_fence(); /* of both one sees what the other wrote: serve_shell() */
	if (d->cd_live)
		chardev_hangup(&d->cd);
	thread_wake(d->thread);
}

static const struct tcp_service_ops service_ops = {
	.opened = opened, .room = room, .received = received, .closed = closed,
};

/* --- the service's own thread ---------------------------------------------------------------- */

static void say(struct telnetd *d, const char *text)
{
	send_bytes(d, (const uint8_t *)text, strlen(text));
}

static void serve_shell(struct telnetd *d)
{
	struct shell *sh;

	memset(&d->cd, 0, sizeof(d->cd));
	d->cd.ops = &cd_ops;
	d->cd.priv = d;
	if (chardev_register(&d->cd, "telnet")) {
		say(d, "no room for another terminal\r\n");
		return;
	}
	sh = shell_create(&d->cd);
	if (sh) {
		__atomic_store_n(&d->cd_live, true, __ATOMIC_RELEASE);
		full_fence();
		if (READ_ONCE(d->left))
			chardev_hangup(&d->cd);
		shell_interact(sh);
		__atomic_store_n(&d->cd_live, false, __ATOMIC_RELEASE);
		inet_quiesce();
		shell_destroy(sh);
	}
	chardev_unregister(&d->cd);
}

static void serve_guest(struct telnetd *d)
{
	struct vserial *vs = vserial_find(d->what);
	char text[96];

	if (!vs) {
		snprintf(text, sizeof(text), "there is no serial port \"%s\" now\r\n", d->what);
		say(d, text);
		return;
	}
	d->sink.fn = from_guest;
	vserial_attach(vs, &d->sink, true);
	__atomic_store_n(&d->vs, vs, __ATOMIC_RELEASE);
	while (!READ_ONCE(d->left) && !READ_ONCE(d->stop) && vserial_guest(vs))
		thread_block(time_now() + POLL);
	__atomic_store_n(&d->vs, NULL, __ATOMIC_RELEASE);
	vserial_detach(vs, &d->sink);
	if (!vserial_guest(vs))
		say(d, "\r\n[the guest has gone]\r\n");
	inet_quiesce();
	vserial_put(vs);
}

static void serve(struct telnetd *d)
{
	(void)tcp_send(&d->tcp, telnet_hello, telnet_hello_len);
	if (!strcmp(d->what, "shell"))
		serve_shell(d);
	else
		serve_guest(d);
	tcp_close(&d->tcp);
	while (!READ_ONCE(d->left) && !READ_ONCE(d->stop))
		thread_block(UINT64_MAX);
	inet_quiesce();
	__atomic_store_n(&d->here, false, __ATOMIC_RELEASE);
	WRITE_ONCE(d->tcp.busy, false);
}

static void daemon_thread(void *arg)
{
	struct telnetd *d = arg;

	while (!__atomic_load_n(&d->stop, __ATOMIC_ACQUIRE)) {
		if (__atomic_load_n(&d->here, __ATOMIC_ACQUIRE))
			serve(d);
		else
			thread_block(UINT64_MAX);
	}
}

/* --- life ------------------------------------------------------------------------------------ */

int telnetd_start(uint16_t port, const char *what, uint32_t idle)
{
	struct telnetd *d;
	char name[24];
	int err;

	if (!port)
		return -EINVAL;
	d = heap_zalloc(sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->tcp.port = port;
	d->tcp.idle_limit = idle;
	d->tcp.ops = &service_ops;
	d->tcp.priv = d;
	strlcpy(d->what, what, sizeof(d->what));
	snprintf(name, sizeof(name), "telnetd/%u", port);
	d->thread = thread_create(name, daemon_thread, d, PRIO_SHELL);
	err = d->thread ? tcp_listen(&d->tcp) : -ENOMEM;
	if (err) {
		if (d->thread)
			thread_abandon(d->thread);
		heap_free(d);
		return err;
	}
	mutex_lock(&list_lock);
	list_add_tail(&daemons, &d->link);
	mutex_unlock(&list_lock);
	thread_start(d->thread);
	return 0;
}

int telnetd_stop(uint16_t port)
{
	struct telnetd *d, *found = NULL;

	mutex_lock(&list_lock);
	list_for_each_entry(d, &daemons, link) {
		if (d->tcp.port == port)
			found = d;
	}
	if (found && found->thread == thread_current()) {
		mutex_unlock(&list_lock);
		return -EBUSY;
	}
	if (found)
		list_del(&found->link);
	mutex_unlock(&list_lock);
	if (!found)
		return -ENOENT;
	__atomic_store_n(&found->stop, true, __ATOMIC_RELEASE);
	tcp_unlisten(&found->tcp);
	thread_wake(found->thread);
	thread_join(found->thread);
	heap_free(found);
	return 0;
}

void telnetd_for_each(void (*fn)(const struct telnetd_info *info, void *arg), void *arg)
{
	struct telnetd *d;

	mutex_lock(&list_lock);
	list_for_each_entry(d, &daemons, link) {
		struct telnetd_info info = { .port = d->tcp.port, .what = d->what,
					     .idle = d->tcp.idle_limit };

		info.connected = tcp_peer(&d->tcp, &info.peer, &info.peer_port);
		fn(&info, arg);
	}
	mutex_unlock(&list_lock);
}
