/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libs/list.h.
 */
#include <stdlib.h>
#include <string.h>

#include <libs/list.h>

#include "unit.h"

struct item {
	int value;
	struct list link;
};

/* The values of a list, forwards and backwards, as text of digits. */
static void check_list(struct list *head, const char *expected)
{
	char text[32] = "", reverse[32] = "";
	struct item *pos;
	size_t n = 0;

	list_for_each_entry(pos, head, link)
		text[n++] = (char)('0' + pos->value);
	CHECK_STR(text, expected);
	CHECK_EQ(list_count(head), strlen(expected));
	list_for_each_entry_reverse(pos, head, link)
		reverse[--n] = (char)('0' + pos->value);
	CHECK_STR(reverse, expected);
}

TEST(adding_and_removing)
{
	struct item items[4] = { { .value = 0 }, { .value = 1 }, { .value = 2 }, { .value = 3 } };
	struct list head = LIST_INIT(head);
	size_t i;

	CHECK(list_empty(&head));
	CHECK(list_first_entry_or_null(&head, struct item, link) == NULL);
	check_list(&head, "");
	for (i = 0; i < 4; i++)
		list_init(&items[i].link);
	list_add_tail(&head, &items[1].link);
	list_add_tail(&head, &items[2].link);
	list_add_head(&head, &items[0].link);
	list_add_before(&items[2].link, &items[3].link);
	check_list(&head, "0132");
	CHECK(list_first_entry(&head, struct item, link) == &items[0]);
	CHECK(list_last_entry(&head, struct item, link) == &items[2]);
	CHECK(list_next_entry(&items[1], link) == &items[3]);
	CHECK(list_prev_entry(&items[1], link) == &items[0]);
	list_del(&items[1].link);
	check_list(&head, "032");
	CHECK(list_empty(&items[1].link) && !list_empty(&items[0].link));
	list_del(&items[1].link);
	check_list(&head, "032");
}

TEST(freeing_in_a_loop)
{
	struct list head = LIST_INIT(head);
	struct item *pos, *next;
	int i;

	for (i = 0; i < 5; i++) {
		pos = malloc(sizeof(*pos));
		pos->value = i;
		list_add_tail(&head, &pos->link);
	}
	list_for_each_entry_safe(pos, next, &head, link) {
		if (pos->value % 2 == 0) {
			list_del(&pos->link);
			free(pos);
		}
	}
	check_list(&head, "13");
	list_for_each_entry_safe(pos, next, &head, link) {
		list_del(&pos->link);
		free(pos);
	}
	CHECK(list_empty(&head));
}

TEST(splicing)
{
	struct item a = { .value = 1 }, b = { .value = 2 }, c = { .value = 3 };
	struct list to = LIST_INIT(to), from = LIST_INIT(from);

	list_splice_tail(&to, &from);
	check_list(&to, "");
	list_add_tail(&from, &a.link);
	list_add_tail(&from, &b.link);
	list_add_tail(&to, &c.link);
	list_splice_tail(&to, &from);
	check_list(&to, "312");
	check_list(&from, "");
}
