/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A byte queue in a circular buffer. The caller's lock guards it.
 */
#include <libs/ringbuf.h>

#include <libs/string.h>
#include <libs/util.h>

void ringbuf_init(struct ringbuf *rb, void *data, size_t size)
{
	rb->data = data;
	rb->size = size;
	ringbuf_reset(rb);
}

void ringbuf_reset(struct ringbuf *rb)
{
	rb->read_at = 0;
	rb->used = 0;
}

/* The place that is @p offset bytes behind @p at; offset is at most the size. */
static size_t advance(const struct ringbuf *rb, size_t at, size_t offset)
{
	size_t to_end = rb->size - at;

	return offset < to_end ? at + offset : offset - to_end;
}

size_t ringbuf_write(struct ringbuf *rb, const void *src, size_t n)
{
	const uint8_t *from = src;
	size_t at, first;

	n = MIN(n, ringbuf_space(rb));
	if (!n)
		return 0;
	at = advance(rb, rb->read_at, rb->used);
	first = MIN(n, rb->size - at);
	memcpy(rb->data + at, from, first);
	memcpy(rb->data, from + first, n - first);
	rb->used += n;
	return n;
}

size_t ringbuf_overwrite(struct ringbuf *rb, const void *src, size_t n)
{
	const uint8_t *from = src;
	size_t dropped = 0;

	if (n > rb->size) {
		dropped = n - rb->size;
		from += dropped;
		n = rb->size;
	}
	if (n > ringbuf_space(rb))
		dropped += ringbuf_skip(rb, n - ringbuf_space(rb));
	ringbuf_write(rb, from, n);
	return dropped;
}

size_t ringbuf_peek(const struct ringbuf *rb, size_t offset, void *dst, size_t n)
{
	uint8_t *to = dst;
	size_t at, first;

	if (offset >= rb->used)
		return 0;
	n = MIN(n, rb->used - offset);
	if (!n)
		return 0;
	at = advance(rb, rb->read_at, offset);
	first = MIN(n, rb->size - at);
	memcpy(to, rb->data + at, first);
	memcpy(to + first, rb->data, n - first);
	return n;
}

size_t ringbuf_skip(struct ringbuf *rb, size_t n)
{
	n = MIN(n, rb->used);
	rb->read_at = advance(rb, rb->read_at, n);
	rb->used -= n;
	return n;
}

size_t ringbuf_read(struct ringbuf *rb, void *dst, size_t n)
{
	return ringbuf_skip(rb, ringbuf_peek(rb, 0, dst, n));
}

size_t ringbuf_chunk(const struct ringbuf *rb, const uint8_t **data)
{
	*data = rb->data + rb->read_at;
	return MIN(rb->used, rb->size - rb->read_at);
}
