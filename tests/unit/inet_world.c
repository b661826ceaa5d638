/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The world of inet_world.h: stand-ins for core/net, threads and time.
 */
#include "inet_world.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <core/inet.h>
#include <core/log.h>
#include <core/net.h>
#include <core/random.h>
#include <core/thread.h>
#include <core/time.h>
#include <libs/byteorder.h>
#include <port/host.h>

#include "../../core/inet/inet_priv.h"
#include "fake.h"

struct w_frame w_sent[W_FRAMES];
unsigned w_nr_sent;

static struct net_port *port;
static struct thread worker;
static bool running;
static jmp_buf back;
static uint64_t now = 1000000000, wanted;
static const uint8_t neighbour[6] = { 2, 0, 0, 0, 0, 9 };

/* --- the CPU: one, without interrupts -------------------------------------------------------- */

unsigned long host_irq_save(void)
{
	return 0;
}

void host_irq_restore(unsigned long flags)
{
}

void host_relax(void)
{
	abort(); /* whoever spins here waits for itself */
}

uint64_t host_counter(void)
{
	return now;
}

/* --- time and threads ------------------------------------------------------------------------ */

uint64_t time_boot_ticks;
bool time_same_unit;
uint64_t time_from_ticks(uint64_t ticks)
{
	return now;
}

struct thread *thread_create(const char *name, void (*fn)(void *), void *arg, int prio)
{
	worker = (struct thread){ .fn = fn, .arg = arg };
	return &worker;
}

void thread_start(struct thread *thread)
{
}

void thread_wake(struct thread *thread)
{
}

void thread_yield(void)
{
}

bool thread_block(uint64_t deadline)
{
	if (!running)
		return false; /* somebody waits for an answer: time is over at once */
	wanted = deadline;
	longjmp(back, 1);
}

int thread_join(struct thread *thread)
{
	thread->fn(thread->arg);
	return 0;
}

void waitq_add(struct waitq *wq, struct waiter *waiter)
{
}

void waitq_remove(struct waitq *wq, struct waiter *waiter)
{
}

void waitq_wake_all(struct waitq *wq)
{
}

void random_bytes(void *buf, size_t n)
{
	memset(buf, 0x5a, n);
}

/* --- the switch ------------------------------------------------------------------------------ */

int net_port_register(struct net_port *p)
{
	port = p;
	return 0;
}

int net_port_attach(struct net_port *p, const char *switch_name)
{
	return strcmp(switch_name, "lan") ? 1 : 0;
}

void net_port_unregister(struct net_port *p)
{
	port = NULL;
}

void net_burst_begin(struct net_burst *burst, struct net_port *from)
{
}

void net_burst_end(struct net_burst *burst)
{
}

/* What is sent has to be right, whatever came. */
static void check_ip(const uint8_t *ip, size_t len)
{
	if (len < 20 || ip[0] != 0x45 || get_be16(ip + 2) > len ||
	    inet_fold(inet_sum(0, ip, 20)) != 0)
		abort();
}

void net_send(struct net_burst *burst, const struct net_frame *frame)
{
	struct w_frame *f = &w_sent[w_nr_sent % W_FRAMES];

	if (!port || frame->len > 1514 || frame->len < 14 + 20)
		abort();
	memset(f, 0, sizeof(*f));
	f->len = net_frame_read(frame, 0, f->data, frame->len);
	if (get_be16(f->data + 12) == 0x0800)
		check_ip(f->data + 14, f->len - 14);
	else if (get_be16(f->data + 12) != 0x0806)
		abort();
	w_nr_sent++;
}

/* --- for tests ------------------------------------------------------------------------------- */

const uint8_t *w_mac(void)
{
	return port->mac;
}

void w_receive(const void *frame, size_t len)
{
	const struct mem_seg seg = { .va = (void *)(uintptr_t)frame, .len = (uint32_t)len };
	const struct net_frame f = { .segs = &seg, .nr_segs = 1, .len = (uint32_t)len };

	(void)port->ops->deliver(port, &f);
}

uint64_t w_run(void)
{
	running = true;
	if (!setjmp(back))
		worker.fn(worker.arg);
	running = false;
	return wanted;
}

void w_pass(uint64_t ns)
{
	uint64_t end = now + ns;

	while (w_run() <= end) {
		if (wanted > now)
			now = wanted;
	}
	now = end;
}

void w_forget(void)
{
	w_nr_sent = 0;
}

uint64_t w_now(void)
{
	return now;
}

size_t w_end(void)
{
	int err = inet_detach();

	if (err && port)
		abort();
	w_forget();
	return fake_heap_live();
}

size_t w_ip(uint8_t *out, uint32_t from, uint32_t to, uint8_t proto, const void *data, size_t n)
{
	uint8_t *ip = out + 14;

	memcpy(out, w_mac(), 6);
	memcpy(out + 6, neighbour, 6);
	put_be16(out + 12, 0x0800);
	memset(ip, 0, 20);
	ip[0] = 0x45;
	put_be16(ip + 2, (uint16_t)(20 + n));
	ip[8] = 64;
	ip[9] = proto;
	put_be32(ip + 12, from);
	put_be32(ip + 16, to);
	put_be16(ip + 10, inet_fold(inet_sum(0, ip, 20)));
	memmove(ip + 20, data, n);
	return 34 + n;
}

void w_tcp(const struct w_tcp *t, uint32_t to_addr, const void *data, size_t n)
{
	uint8_t seg[1460] = { 0 }, frame[1518];

	put_be16(seg, t->port);
	put_be16(seg + 2, t->to);
	put_be32(seg + 4, t->seq);
	put_be32(seg + 8, t->ack);
	seg[12] = 5 << 4;
	seg[13] = t->flags;
	put_be16(seg + 14, t->window);
	if (n)
		memcpy(seg + 20, data, n);
	put_be16(seg + 16, inet_fold(inet_sum(inet_pseudo(t->from, to_addr, 6, 20 + n), seg,
					      20 + n)));
	w_receive(frame, w_ip(frame, t->from, to_addr, 6, seg, 20 + n));
}

void w_arp_request(uint32_t from, uint32_t to)
{
	uint8_t f[60] = { 0 };

	memset(f, 0xff, 6);
	memcpy(f + 6, neighbour, 6);
	put_be16(f + 12, 0x0806);
	put_be16(f + 14, 1);
	put_be16(f + 16, 0x0800);
	f[18] = 6;
	f[19] = 4;
	put_be16(f + 20, 1);
	memcpy(f + 22, neighbour, 6);
	put_be32(f + 28, from);
	put_be32(f + 38, to);
	w_receive(f, sizeof(f));
}
