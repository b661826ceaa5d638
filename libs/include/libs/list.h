/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Circular doubly linked lists. One type is both the head and the link inside each entry; the
 * caller's lock guards a list. A link that is in no list points to itself, so that removing twice
 * is harmless and list_empty() on a link says whether it is in a list.
 */
#pragma once

#include <stdbool.h>

#include <libs/util.h>

/** Head of a list, or the link in an entry. Initialise both with list_init() or LIST_INIT. */
struct list {
	struct list *next;
	struct list *prev;
};

/** Initialiser of an empty list or an unused link called @p name. */
#define LIST_INIT(name)		{ &(name), &(name) }

/** Makes an empty list, or a link that is in no list. */
static inline void list_init(struct list *head)
{
	head->next = head;
	head->prev = head;
}

/** @return whether the list has no entry, or the link is in no list */
static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}

static inline void list_link_between_(struct list *entry, struct list *prev, struct list *next)
{
	entry->prev = prev;
	entry->next = next;
	prev->next = entry;
	next->prev = entry;
}

/** Puts an entry that is in no list in front of all others. */
static inline void list_add_head(struct list *head, struct list *entry)
{
	list_link_between_(entry, head, head->next);
}

/** Puts an entry that is in no list behind all others. */
static inline void list_add_tail(struct list *head, struct list *entry)
{
	list_link_between_(entry, head->prev, head);
}

/** Puts an entry that is in no list in front of @p at, which is in one (or its head). */
static inline void list_add_before(struct list *at, struct list *entry)
{
	list_link_between_(entry, at->prev, at);
}

/** Takes an entry out of its list and re-initialises its link; harmless if it is in none. */
static inline void list_del(struct list *entry)
{
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
	list_init(entry);
}

/** Moves all entries of @p from behind those of @p head; @p from is empty then. */
static inline void list_splice_tail(struct list *head, struct list *from)
{
	if (list_empty(from))
		return;
	from->next->prev = head->prev;
	head->prev->next = from->next;
	from->prev->next = head;
	head->prev = from->prev;
	list_init(from);
}

/** @return number of entries; takes time in proportion */
static inline size_t list_count(const struct list *head)
{
	const struct list *at;
	size_t n = 0;

	for (at = head->next; at != head; at = at->next)
		n++;
	return n;
}

/** The object of type @p type whose link @p member is at @p link. */
#define list_entry(link, type, member)		container_of(link, type, member)
/** First object; the list must not be empty. */
#define list_first_entry(head, type, member)	list_entry((head)->next, type, member)
/** Last object; the list must not be empty. */
#define list_last_entry(head, type, member)	list_entry((head)->prev, type, member)
/** First object, or NULL in an empty list. */
#define list_first_entry_or_null(head, type, member)			\
	(list_empty(head) ? NULL : list_first_entry(head, type, member))
/** The object behind @p pos; not for the last one. */
#define list_next_entry(pos, member)					\
	list_entry((pos)->member.next, __typeof__(*(pos)), member)
/** The object before @p pos; not for the first one. */
#define list_prev_entry(pos, member)					\
	list_entry((pos)->member.prev, __typeof__(*(pos)), member)

/** Goes through all links; the body must not remove the one it is at. */
#define list_for_each(at, head)						\
	for ((at) = (head)->next; (at) != (head); (at) = (at)->next)

/*
 * The loops over objects compare links, not objects, at their end: there pos is not a real object,
 * and is not to be used after the loop unless a break left it.
 */
/** Goes through all objects, @p pos a pointer to their type; the body must not remove @p pos. */
#define list_for_each_entry(pos, head, member)				\
	for ((pos) = list_first_entry(head, __typeof__(*(pos)), member);	\
	     &(pos)->member != (head);					\
	     (pos) = list_next_entry(pos, member))

/** list_for_each_entry() from the last to the first. */
#define list_for_each_entry_reverse(pos, head, member)			\
	for ((pos) = list_last_entry(head, __typeof__(*(pos)), member);	\
	     &(pos)->member != (head);					\
	     (pos) = list_prev_entry(pos, member))

/** Goes through all objects; the body may remove and free @p pos but not @p next, a helper. */
#define list_for_each_entry_safe(pos, next_, head, member)		\
	for ((pos) = list_first_entry(head, __typeof__(*(pos)), member),	\
	     (next_) = list_next_entry(pos, member);			\
	     &(pos)->member != (head);					\
	     (pos) = (next_), (next_) = list_next_entry(next_, member))
