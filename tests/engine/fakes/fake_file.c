/* Copyright: (c) 2026, tlsfleet.iis contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Files and the lock, for Linux and for Windows.
 */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *need(size_t size)
{
    void *memory = calloc(1, size ? size : 1);

    if (!memory)
        abort();
    return memory;
}

#ifdef _WIN32
#include <windows.h>

static SRWLOCK the_lock = SRWLOCK_INIT;

void lock(void)
{
    AcquireSRWLockExclusive(&the_lock);
}

void unlock(void)
{
    ReleaseSRWLockExclusive(&the_lock);
}

int lock_state(const char *path)
{
    (void)path;
    return -1;
}

void unlock_state(int held)
{
    (void)held;
}

static uint64_t moment(void)
{
    return GetTickCount64();
}

static wchar_t *wide(const char *path)
{
    int length = MultiByteToWideChar(CP_UTF8, 0, path, -1, NULL, 0);
    wchar_t *result = need((size_t)length * sizeof(wchar_t));

    MultiByteToWideChar(CP_UTF8, 0, path, -1, result, length);
    return result;
}

stamp file_stamp(const char *path)
{
    WIN32_FILE_ATTRIBUTE_DATA data;
    stamp result = {-1, 0, 0};
    wchar_t *name = wide(path);

    if (GetFileAttributesExW(name, GetFileExInfoStandard, &data) && !(data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)) {
        result.size = ((int64_t)data.nFileSizeHigh << 32) | data.nFileSizeLow;
        result.time = ((int64_t)data.ftLastWriteTime.dwHighDateTime << 32) | data.ftLastWriteTime.dwLowDateTime;
    }
    free(name);
    return result;
}

static FILE *open_file(const char *path, int writing)
{
    wchar_t *name = wide(path);
    FILE *file = _wfopen(name, writing ? L"wb" : L"rb");

    free(name);
    return file;
}

static int move_over(const char *from, const char *to)
{
    wchar_t *source = wide(from), *target = wide(to);
    int done = MoveFileExW(source, target, MOVEFILE_REPLACE_EXISTING);

    free(source);
    free(target);
    return done ? 0 : -1;
}

static unsigned long process_number(void)
{
    return GetCurrentProcessId();
}
#else
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t the_lock = PTHREAD_MUTEX_INITIALIZER;

void lock(void)
{
    pthread_mutex_lock(&the_lock);
}

void unlock(void)
{
    pthread_mutex_unlock(&the_lock);
}

int lock_state(const char *path)
{
    int held = open(path, O_RDONLY | O_CLOEXEC);

    if (held >= 0 && flock(held, LOCK_EX)) {
        close(held);
        held = -1;
    }
    return held;
}

void unlock_state(int held)
{
    if (held >= 0)
        close(held);
}

static uint64_t moment(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

stamp file_stamp(const char *path)
{
    struct stat data;
    stamp result = {-1, 0, 0};

    if (stat(path, &data) == 0 && S_ISREG(data.st_mode)) {
        result.size = data.st_size;
        result.time = (int64_t)data.st_mtim.tv_sec * 1000000000 + data.st_mtim.tv_nsec;
        result.number = data.st_ino;
    }
    return result;
}

static FILE *open_file(const char *path, int writing)
{
    return fopen(path, writing ? "wb" : "rb");
}

static int move_over(const char *from, const char *to)
{
    return rename(from, to);
}

static unsigned long process_number(void)
{
    return (unsigned long)getpid();
}
#endif

int same_stamp(stamp one, stamp other)
{
    return one.size == other.size && one.time == other.time && one.number == other.number;
}

char *file_read(const char *path, size_t *length)
{
    FILE *file = open_file(path, 0);
    size_t room = 65536, used = 0, got;
    char *data;

    if (!file)
        return NULL;
    data = need(room);
    while ((got = fread(data + used, 1, room - used - 1, file)) > 0) {
        used += got;
        if (room - used < 2) {
            room *= 2;
            data = realloc(data, room);
            if (!data)
                abort();
        }
    }
    data[used] = 0;
    if (ferror(file)) {
        free(data);
        data = NULL;
    }
    fclose(file);
    if (length)
        *length = used;
    return data;
}

int file_replace(const char *path, const char *data, size_t length)
{
    size_t room = strlen(path) + 40;
    char *temporary = need(room);
    FILE *file;
    int result = -1;

    snprintf(temporary, room, "%s.%lu.new", path, process_number());
    file = open_file(temporary, 1);
    if (file) {
        size_t written = length ? fwrite(data, 1, length, file) : 0;

        if (fclose(file) == 0 && written == length)
            result = move_over(temporary, path);
        if (result)
            remove(temporary);
    }
    free(temporary);
    return result;
}

void trace(const char *folder, const char *call, const char *data, size_t length)
{
    size_t room = strlen(folder) + strlen(call) + 40;
    char *path = need(room);
    FILE *file;

    snprintf(path, room, "%s/%020llu-%s", folder, (unsigned long long)moment(), call);
    file = open_file(path, 1);
    if (file) {
        fwrite(data, 1, length, file);
        fclose(file);
    }
    free(path);
}
