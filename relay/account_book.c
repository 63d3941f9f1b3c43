/* SPDX-License-Identifier: ISC */

#include <string.h>

#include "common/mem.h"
#include "relay/account_impl.h"
#include "relay/audit.h"
#include "relay/rules.h"

/* --- keys of the tables ---------------------------------------------- */

/* As list_entry(), for what is only looked at. */
#define CONST_ENTRY(ptr, type, member)                                         \
	((const type *)(const void *)((const char *)(ptr)-offsetof(            \
	    type, member)))

static struct table_key
key_of_user(const struct table_node *node)
{
	const struct account *account =
	    CONST_ENTRY(node, struct account, by_user);

	return (struct table_key){ 0, account->row.user,
		strlen(account->row.user) };
}

static struct table_key
key_of_number(const struct table_node *node)
{
	const struct account *account =
	    CONST_ENTRY(node, struct account, by_number);

	return (struct table_key){ (uint64_t)account->row.id, NULL, 0 };
}

static struct table_key
key_of_id(const struct table_node *node)
{
	const struct account_device *device =
	    CONST_ENTRY(node, struct account_device, by_id);

	return (struct table_key){ (uint64_t)device->row.id, NULL, 0 };
}

static struct table_key
key_of_key(const struct table_node *node)
{
	const struct account_device *device =
	    CONST_ENTRY(node, struct account_device, by_key);

	return (struct table_key){ 0, device->row.public_key, KEYS_LEN };
}

/* One number of two; accounts are far from 2^56. */
static uint64_t
numbered(int64_t account, uint8_t replica)
{
	return (uint64_t)account << 8 | replica;
}

static struct table_key
key_of_name(const struct table_node *node)
{
	const struct account_device *device =
	    CONST_ENTRY(node, struct account_device, by_name);

	return (struct table_key){ numbered(device->row.account,
				       device->row.replica),
		device->row.name, strlen(device->row.name) };
}

static struct table_key
key_of_token_id(const struct table_node *node)
{
	const struct account_token *token =
	    CONST_ENTRY(node, struct account_token, by_id);

	return (
	    struct table_key){ 0, token->row.hash, ACCOUNT_TOKEN_ID_LEN / 2 };
}

static struct table_key
key_of_hash(const struct table_node *node)
{
	const struct account_token *token =
	    CONST_ENTRY(node, struct account_token, by_hash);

	return (struct table_key){ 0, token->row.hash, STORE_HASH_LEN };
}

/* --- finding --------------------------------------------------------- */

struct account *
account_book_find(const struct account_book *book, const char *user)
{
	struct table_key key = { 0, user, strlen(user) };
	struct table_node *node = table_find(book->by_user, &key);

	return node == NULL ? NULL : list_entry(node, struct account, by_user);
}

struct account *
account_book_find_number(const struct account_book *book, int64_t id)
{
	struct table_key key = { (uint64_t)id, NULL, 0 };
	struct table_node *node = table_find(book->by_number, &key);

	return node == NULL ? NULL
			    : list_entry(node, struct account, by_number);
}

struct account_device *
account_book_find_id(const struct account_book *book, int64_t id)
{
	struct table_key key = { (uint64_t)id, NULL, 0 };
	struct table_node *node = table_find(book->by_id, &key);

	return node == NULL ? NULL
			    : list_entry(node, struct account_device, by_id);
}

struct account_device *
account_book_find_key(
    const struct account_book *book, const uint8_t public_key[KEYS_LEN])
{
	struct table_key key = { 0, public_key, KEYS_LEN };
	struct table_node *node = table_find(book->by_key, &key);

	return node == NULL ? NULL
			    : list_entry(node, struct account_device, by_key);
}

struct account_device *
account_book_find_name(
    const struct account *account, const char *name, uint8_t replica)
{
	struct table_key key = { numbered(account->row.id, replica), name,
		strlen(name) };
	struct table_node *node = table_find(account->book->by_name, &key);

	return node == NULL ? NULL
			    : list_entry(node, struct account_device, by_name);
}

struct account_token *
account_book_find_token(
    const struct account_book *book, const uint8_t hash[STORE_HASH_LEN])
{
	struct table_key key = { 0, hash, STORE_HASH_LEN };
	struct table_node *node = table_find(book->tokens, &key);

	return node == NULL ? NULL
			    : list_entry(node, struct account_token, by_hash);
}

bool
account_book_is_spent(const struct account_token *token)
{
	return token->row.uses >= token->row.uses_max;
}

const struct audit *
account_book_audit(const struct account_book *book)
{
	return book->audit;
}

void
account_book_set_replacing(struct account_book *book, bool replaces)
{
	book->replaces = replaces;
}

size_t
account_book_accounts(const struct account_book *book)
{
	return table_count(book->by_user);
}

size_t
account_book_devices(const struct account_book *book)
{
	return book->live;
}

/* --- coming ---------------------------------------------------------- */

struct account *
account_book_make(struct account_book *book, const struct store_account *row)
{
	struct account *account = mem_new(1, sizeof(*account));

	if (account != NULL) {
		account->book = book;
		account->row = *row;
		list_init(&account->of_book);
		list_init(&account->devices);
		list_init(&account->gateways);
		list_init(&account->revoked);
		list_init(&account->tokens);
		list_init(&account->lent);
		list_init(&account->borrowed);
		list_init(&account->spent);
	}
	return account;
}

struct account_device *
account_book_make_device(
    struct account *account, const struct store_device *row)
{
	struct account_device *device = mem_new(1, sizeof(*device));

	if (device == NULL) {
		return NULL;
	}
	device->account = account;
	device->row = *row;
	list_init(&device->of_account);
	list_init(&device->of_gateways);
	list_init(&device->seen);
	if (row->revoked_by != NULL) {
		device->revoked_by = mem_strdup(row->revoked_by);
		if (device->revoked_by == NULL) {
			mem_free(device);
			return NULL;
		}
		device->row.revoked_by = device->revoked_by;
	}
	return device;
}

struct account_token *
account_book_make_token(struct account *account, const struct store_token *row)
{
	struct account_token *token = mem_new(1, sizeof(*token));

	if (token != NULL) {
		token->account = account;
		token->row = *row;
		list_init(&token->of_account);
	}
	return token;
}

void
account_book_insert(struct account *account)
{
	struct account_book *book = account->book;

	table_insert(book->by_user, &account->by_user);
	table_insert(book->by_number, &account->by_number);
	list_push_back(&book->accounts, &account->of_book);
}

/* Put a removed device where it belongs. */
static void
insert_revoked(struct account_device *device)
{
	list_push_back(&device->account->revoked, &device->of_account);
	device->account->revoked_count++;
}

/* A live device came, or went. */
static void
count_live(struct account_device *device, int n)
{
	struct account *account = device->account;

	account->book->live += (size_t)n;
	account->usage[ALLOWANCE_DEVICES] += (uint32_t)n;
	if (device->row.role == LINKHELLO_AGENT) {
		account->usage[ALLOWANCE_HOSTS] += (uint32_t)n;
	}
}

void
account_book_insert_device(struct account_device *device)
{
	struct account_book *book = device->account->book;

	table_insert(book->by_id, &device->by_id);
	table_insert(book->by_key, &device->by_key);
	if (device->row.revoked_at != 0) {
		insert_revoked(device);
		return;
	}
	table_insert(book->by_name, &device->by_name);
	list_push_back(&device->account->devices, &device->of_account);
	if (device->row.role == LINKHELLO_GATEWAY) {
		list_push_back(
		    &device->account->gateways, &device->of_gateways);
	}
	count_live(device, 1);
}

void
account_book_insert_token(struct account_token *token)
{
	table_insert(token->account->book->tokens, &token->by_hash);
	table_insert(token->account->book->token_ids, &token->by_id);
	list_push_back(&token->account->tokens, &token->of_account);
	token->account->token_count++;
}

/* --- going ----------------------------------------------------------- */

/* A live device is found by its name no more, and counts no more. */
static void
take_out_live(struct account_device *device)
{
	table_remove(device->account->book->by_name, &device->by_name);
	list_remove(&device->of_account);
	list_remove(&device->of_gateways);
	count_live(device, -1);
}

void
account_book_retire(struct account_device *device, uint64_t now, char *by)
{
	take_out_live(device);
	insert_revoked(device);
	device->row.revoked_at = now;
	device->revoked_by = by;
	device->row.revoked_by = device->revoked_by;
}

void
account_book_drop_device(struct account_device *device)
{
	struct account_book *book = device->account->book;

	if (device->row.revoked_at == 0) {
		take_out_live(device);
	} else {
		list_remove(&device->of_account);
		device->account->revoked_count--;
	}
	account_device_set_link(device, NULL);
	table_remove(book->by_id, &device->by_id);
	table_remove(book->by_key, &device->by_key);
	list_remove(&device->seen);
	mem_free(device->revoked_by);
	mem_free(device);
}

void
account_book_drop_token(struct account_token *token)
{
	table_remove(token->account->book->tokens, &token->by_hash);
	table_remove(token->account->book->token_ids, &token->by_id);
	list_remove(&token->of_account);
	token->account->token_count--;
	mem_free(token);
}

/* --- what is due ----------------------------------------------------- */

void
account_book_note_seen(struct account_device *device, uint64_t now)
{
	if (now <= device->row.last_seen) {
		return;
	}
	device->row.last_seen = now;
	if (!list_linked(&device->seen)) {
		list_push_back(&device->account->book->seen, &device->seen);
	}
}

/* --- life ------------------------------------------------------------ */

static int
on_account(const struct store_account *row, void *arg)
{
	struct account *account = account_book_make(arg, row);

	if (account == NULL) {
		return -1;
	}
	account_book_insert(account);
	return 0;
}

static int
on_device(const struct store_device *row, void *arg)
{
	struct account *account = account_book_find_number(arg, row->account);
	struct account_device *device;

	if (account == NULL) {
		return 0; /* the store's foreign keys do not allow it */
	}
	device = account_book_make_device(account, row);
	if (device == NULL) {
		return -1;
	}
	account_book_insert_device(device);
	return 0;
}

static int
on_token(const struct store_token *row, void *arg)
{
	struct account *account = account_book_find_number(arg, row->account);
	struct account_token *token;

	if (account == NULL) {
		return 0;
	}
	token = account_book_make_token(account, row);
	if (token == NULL) {
		return -1;
	}
	account_book_insert_token(token);
	return 0;
}

static int
on_limit(const struct store_limit *row, void *arg)
{
	struct account *account = account_book_find_number(arg, row->account);
	enum allowance_key key;

	/* A limit of a later version is nothing that we could keep to. */
	if (account != NULL && allowance_find(row->name, &key) == 0) {
		allowance_set(&account->limits, key, row->value);
	}
	return 0;
}

static int
on_share(const struct store_share *row, void *arg)
{
	return account_share_load(arg, row);
}

static int
on_usage(const struct store_usage *row, void *arg)
{
	return account_usage_load(arg, row);
}

static int
on_audit(const struct store_audit *row, void *arg)
{
	struct account_book *book = arg;

	audit_add(book->audit, row);
	return 0;
}

int
account_book_load(struct account_book *book, struct store_error *error)
{
	static const struct store_loader loader = {
		.account = on_account,
		.device = on_device,
		.token = on_token,
		.limit = on_limit,
		.rule = account_rule_read,
		.share = on_share,
		.usage = on_usage,
		.audit = on_audit,
	};

	return store_load(book->store, &loader, book, error);
}

struct account_book *
account_book_new(struct store *store, const struct account_ops *ops, void *arg)
{
	struct account_book *book = mem_new(1, sizeof(*book));

	if (book == NULL) {
		return NULL;
	}
	book->store = store;
	book->ops = ops;
	book->arg = arg;
	list_init(&book->accounts);
	list_init(&book->seen);
	list_init(&book->spent);
	list_init(&book->pending);
	list_init(&book->waiting);
	book->by_user = table_new(key_of_user);
	book->by_number = table_new(key_of_number);
	book->by_id = table_new(key_of_id);
	book->by_key = table_new(key_of_key);
	book->by_name = table_new(key_of_name);
	book->tokens = table_new(key_of_hash);
	book->token_ids = table_new(key_of_token_id);
	book->shares = table_new(account_share_key);
	book->audit = audit_new(STORE_AUDIT_READ);
	book->rules = rules_new();
	if (book->by_user == NULL || book->by_number == NULL ||
	    book->by_id == NULL || book->by_key == NULL ||
	    book->by_name == NULL || book->tokens == NULL ||
	    book->token_ids == NULL || book->shares == NULL ||
	    book->audit == NULL || book->rules == NULL) {
		account_book_free(book);
		return NULL;
	}
	return book;
}

/* Free account and what it has; it is in no table any more. */
static void
free_account(struct account *account)
{
	struct list *lists[] = { &account->devices, &account->revoked };
	struct list *node;

	for (size_t i = 0; i < 2; i++) {
		for (node = list_first(lists[i]); node != NULL;
		     node = list_first(lists[i])) {
			account_book_drop_device(list_entry(
			    node, struct account_device, of_account));
		}
	}
	for (node = list_first(&account->tokens); node != NULL;
	     node = list_first(&account->tokens)) {
		account_book_drop_token(
		    list_entry(node, struct account_token, of_account));
	}
	account_share_free_all(account);
	if (account->book->swept == &account->of_book) {
		account->book->swept =
		    list_after(&account->book->accounts, &account->of_book);
	}
	list_remove(&account->of_book);
	list_remove(&account->spent);
	usage_free(&account->months);
	mem_free(account);
}

void
account_book_drop(struct account *account)
{
	table_remove(account->book->by_user, &account->by_user);
	table_remove(account->book->by_number, &account->by_number);
	free_account(account);
}

void
account_book_free(struct account_book *book)
{
	struct list *node;

	if (book == NULL) {
		return;
	}
	for (node = list_first(&book->accounts); node != NULL;
	     node = list_first(&book->accounts)) {
		free_account(list_entry(node, struct account, of_book));
	}
	table_free(book->by_user);
	table_free(book->by_number);
	table_free(book->by_id);
	table_free(book->by_key);
	table_free(book->by_name);
	table_free(book->tokens);
	table_free(book->token_ids);
	table_free(book->shares);
	audit_free(book->audit);
	rules_free(book->rules);
	mem_free(book);
}
