/* SPDX-License-Identifier: ISC */

#include "tests/unit/relay/faultvfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

/* A file of ours; the real one follows in the same memory. */
struct faultvfs_file {
	sqlite3_file base;
	sqlite3_file *real;
};

static struct {
	sqlite3_vfs vfs;
	sqlite3_vfs *real;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool full;
	bool broken;
	bool slow;
	unsigned waiting;
	unsigned long syncs;
} faultvfs = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
};

static sqlite3_file *
real_of(sqlite3_file *file)
{
	return ((struct faultvfs_file *)(void *)file)->real;
}

static int
on_close(sqlite3_file *file)
{
	sqlite3_file *real = real_of(file);

	return real->pMethods == NULL ? SQLITE_OK
				      : real->pMethods->xClose(real);
}

static int
on_read(sqlite3_file *file, void *data, int len, sqlite3_int64 at)
{
	sqlite3_file *real = real_of(file);

	return real->pMethods->xRead(real, data, len, at);
}

static int
on_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
	sqlite3_file *real = real_of(file);
	bool full;

	pthread_mutex_lock(&faultvfs.lock);
	full = faultvfs.full;
	pthread_mutex_unlock(&faultvfs.lock);
	return full ? SQLITE_FULL : real->pMethods->xWrite(real, data, len, at);
}

static int
on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	sqlite3_file *real = real_of(file);

	return real->pMethods->xTruncate(real, size);
}

/*
 * Counted, not made: what would be lost when the power fails no test can see,
 * and a disk takes longer for a thousand of them than all the rest.
 */
static int
on_sync(sqlite3_file *file, int flags)
{
	bool broken;

	(void)file;
	(void)flags;
	pthread_mutex_lock(&faultvfs.lock);
	faultvfs.waiting++;
	pthread_cond_broadcast(&faultvfs.changed);
	while (faultvfs.slow) {
		pthread_cond_wait(&faultvfs.changed, &faultvfs.lock);
	}
	faultvfs.waiting--;
	broken = faultvfs.broken;
	faultvfs.syncs += broken ? 0 : 1;
	pthread_mutex_unlock(&faultvfs.lock);
	return broken ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int
on_file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	sqlite3_file *real = real_of(file);

	return real->pMethods->xFileSize(real, size);
}

static int
on_lock(sqlite3_file *file, int level)
{
	sqlite3_file *real = real_of(file);

	return real->pMethods->xLock(real, level);
}

static int
on_unlock(sqlite3_file *file, int level)
{
	sqlite3_file *real = real_of(file);

	return real->pMethods->xUnlock(real, level);
}

static int
on_check_lock(sqlite3_file *file, int *result)
{
	sqlite3_file *real = real_of(file);

	return real->pMethods->xCheckReservedLock(real, result);
}

static int
on_control(sqlite3_file *file, int op, void *arg)
{
	sqlite3_file *real = real_of(file);

	return real->pMethods->xFileControl(real, op, arg);
}

static int
on_sector_size(sqlite3_file *file)
{
	sqlite3_file *real = real_of(file);

	return real->pMethods->xSectorSize(real);
}

static int
on_characteristics(sqlite3_file *file)
{
	sqlite3_file *real = real_of(file);

	return real->pMethods->xDeviceCharacteristics(real);
}

static int
on_shm_map(
    sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
	sqlite3_file *real = real_of(file);

	return real->pMethods->xShmMap(real, page, size, extend, out);
}

static int
on_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
	sqlite3_file *real = real_of(file);

	return real->pMethods->xShmLock(real, offset, count, flags);
}

static void
on_shm_barrier(sqlite3_file *file)
{
	sqlite3_file *real = real_of(file);

	real->pMethods->xShmBarrier(real);
}

static int
on_shm_unmap(sqlite3_file *file, int remove)
{
	sqlite3_file *real = real_of(file);

	return real->pMethods->xShmUnmap(real, remove);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2, /* without memory maps, which would go around xWrite */
	.xClose = on_close,
	.xRead = on_read,
	.xWrite = on_write,
	.xTruncate = on_truncate,
	.xSync = on_sync,
	.xFileSize = on_file_size,
	.xLock = on_lock,
	.xUnlock = on_unlock,
	.xCheckReservedLock = on_check_lock,
	.xFileControl = on_control,
	.xSectorSize = on_sector_size,
	.xDeviceCharacteristics = on_characteristics,
	.xShmMap = on_shm_map,
	.xShmLock = on_shm_lock,
	.xShmBarrier = on_shm_barrier,
	.xShmUnmap = on_shm_unmap,
};

static int
on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
    int *out_flags)
{
	struct faultvfs_file *ours = (struct faultvfs_file *)(void *)file;
	int result;

	(void)vfs;
	ours->real = (sqlite3_file *)(void *)(ours + 1);
	memset(ours->real, 0, (size_t)faultvfs.real->szOsFile);
	result = faultvfs.real->xOpen(
	    faultvfs.real, name, ours->real, flags, out_flags);
	ours->base.pMethods = result == SQLITE_OK ? &methods : NULL;
	return result;
}

int
faultvfs_install(void)
{
	faultvfs.real = sqlite3_vfs_find(NULL);
	if (faultvfs.real == NULL) {
		return -1;
	}
	faultvfs.vfs = *faultvfs.real;
	faultvfs.vfs.zName = "faultvfs";
	faultvfs.vfs.xOpen = on_open;
	faultvfs.vfs.szOsFile =
	    (int)sizeof(struct faultvfs_file) + faultvfs.real->szOsFile;
	return sqlite3_vfs_register(&faultvfs.vfs, 1) == SQLITE_OK ? 0 : -1;
}

static void
set(bool *flag, bool value)
{
	pthread_mutex_lock(&faultvfs.lock);
	*flag = value;
	pthread_cond_broadcast(&faultvfs.changed);
	pthread_mutex_unlock(&faultvfs.lock);
}

void
faultvfs_set_full(bool full)
{
	set(&faultvfs.full, full);
}

void
faultvfs_set_broken(bool broken)
{
	set(&faultvfs.broken, broken);
}

void
faultvfs_set_slow(bool slow)
{
	set(&faultvfs.slow, slow);
}

unsigned long
faultvfs_syncs(void)
{
	unsigned long syncs;

	pthread_mutex_lock(&faultvfs.lock);
	syncs = faultvfs.syncs;
	pthread_mutex_unlock(&faultvfs.lock);
	return syncs;
}

void
faultvfs_await_sync(void)
{
	pthread_mutex_lock(&faultvfs.lock);
	while (faultvfs.waiting == 0) {
		pthread_cond_wait(&faultvfs.changed, &faultvfs.lock);
	}
	pthread_mutex_unlock(&faultvfs.lock);
}
