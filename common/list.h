/* SPDX-License-Identifier: ISC */
/*
 * list: a doubly linked list through the objects themselves.
 *
 * A struct list is both the head of a list and the node inside each member.
 * A node that is in no list is linked to itself, so taking it out twice does
 * no harm.  Nothing is allocated; whoever frees a member takes it out first.
 */
#ifndef INROAD_COMMON_LIST_H
#define INROAD_COMMON_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* Head or node.  Fields belong to this module. */
struct list {
	struct list *next;
	struct list *prev;
};

/*
 * The object of type `type` whose field `member` is at ptr.  Through void *:
 * the object is aligned as it was allocated, which the compiler cannot see.
 */
#define list_entry(ptr, type, member)                                          \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Make list an empty head, or a node in no list. */
static inline void
list_init(struct list *list)
{
	list->next = list;
	list->prev = list;
}

/* Return true when no member is in the list at head. */
static inline bool
list_empty(const struct list *head)
{
	return head->next == head;
}

/* Return true when node is in a list. */
static inline bool
list_linked(const struct list *node)
{
	return node->next != node;
}

/* Put node, which is in no list, at the end of the list at head. */
static inline void
list_push_back(struct list *head, struct list *node)
{
	node->next = head;
	node->prev = head->prev;
	head->prev->next = node;
	head->prev = node;
}

/* Put node, which is in no list, at the beginning of the list at head. */
static inline void
list_push_front(struct list *head, struct list *node)
{
	list_push_back(head->next, node);
}

/* Take node out of its list, if it is in one. */
static inline void
list_remove(struct list *node)
{
	/* A link is never NULL, which the analyzer cannot know. */
	node->prev->next = node->next;
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
	node->next->prev = node->prev;
	list_init(node);
}

/* Return the first node of the list at head, NULL when it is empty. */
static inline struct list *
list_first(const struct list *head)
{
	return list_empty(head) ? NULL : head->next;
}

/* Return the last node of the list at head, NULL when it is empty. */
static inline struct list *
list_last(const struct list *head)
{
	return list_empty(head) ? NULL : head->prev;
}

/* Return the node after node in the list at head, NULL at its end. */
static inline struct list *
list_after(const struct list *head, const struct list *node)
{
	return node->next == head ? NULL : node->next;
}

/* Return the node before node in the list at head, NULL at its beginning. */
static inline struct list *
list_before(const struct list *head, const struct list *node)
{
	return node->prev == head ? NULL : node->prev;
}

#endif
