/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A byte queue of fixed size in memory of the caller. The caller's lock guards it; nothing here
 * waits or allocates. Any context.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A byte queue; its members are for the functions below only. */
struct ringbuf {
	uint8_t *data;
	size_t size;
	size_t read_at;		/* where the oldest byte is, below size */
	size_t used;		/* number of bytes in the queue, at most size */
};

/**
 * Makes an empty queue.
 *
 * @param rb    the queue
 * @param data  memory for its bytes, which stays the caller's
 * @param size  size of that memory and capacity of the queue in bytes, not 0
 */
void ringbuf_init(struct ringbuf *rb, void *data, size_t size);

/** @return number of bytes that can be read */
static inline size_t ringbuf_used(const struct ringbuf *rb)
{
	return rb->used;
}

/** @return number of bytes that can be written */
static inline size_t ringbuf_space(const struct ringbuf *rb)
{
	return rb->size - rb->used;
}

/** @return whether there is nothing to read */
static inline bool ringbuf_empty(const struct ringbuf *rb)
{
	return rb->used == 0;
}

/** @return whether nothing can be written */
static inline bool ringbuf_full(const struct ringbuf *rb)
{
	return rb->used == rb->size;
}

/** Drops all bytes. */
void ringbuf_reset(struct ringbuf *rb);

/** Appends what fits of @p n bytes. @return number of bytes appended */
size_t ringbuf_write(struct ringbuf *rb, const void *src, size_t n);

/** Appends @p n bytes and drops the oldest where they do not fit. @return number dropped */
size_t ringbuf_overwrite(struct ringbuf *rb, const void *src, size_t n);

/** Takes up to @p n bytes out. @return number of bytes taken */
size_t ringbuf_read(struct ringbuf *rb, void *dst, size_t n);

/** Copies up to @p n bytes that begin @p offset bytes behind the oldest. @return number copied */
size_t ringbuf_peek(const struct ringbuf *rb, size_t offset, void *dst, size_t n);

/** Drops up to @p n of the oldest bytes. @return number dropped */
size_t ringbuf_skip(struct ringbuf *rb, size_t n);

/** Appends one byte. @return whether it fitted */
static inline bool ringbuf_put(struct ringbuf *rb, uint8_t byte)
{
	return ringbuf_write(rb, &byte, 1) == 1;
}

/** Takes one byte out. @return it, or -1 in an empty queue */
static inline int ringbuf_get(struct ringbuf *rb)
{
	uint8_t byte;

	return ringbuf_read(rb, &byte, 1) ? byte : -1;
}

/**
 * The oldest bytes in place, for a consumer that works without a copy; ringbuf_skip() drops them.
 *
 * @param rb    the queue
 * @param data  where they are; valid until the queue is written
 * @return how many of them lie one behind the other; there may be more behind the wrap
 */
size_t ringbuf_chunk(const struct ringbuf *rb, const uint8_t **data);
