/* Put before libc: while HUNG_FLAG exists, whoever touches a file below HUNG_FOLDER waits, as for a file server that is gone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int (*next_access)(const char *, int);

static void wait_for(const char *path)
{
	const char *folder = getenv("HUNG_FOLDER"), *flag = getenv("HUNG_FLAG");

	if (!folder || !flag || !path || strncmp(path, folder, strlen(folder)) != 0)
		return;
	if (!next_access)
		next_access = dlsym(RTLD_NEXT, "access");
	while (next_access(flag, F_OK) == 0)
		usleep(20000);
}

#define WAITING(type, name, parameters, arguments) \
	type name parameters \
	{ \
		static type (*next) parameters; \
		wait_for(path); \
		if (!next) \
			next = dlsym(RTLD_NEXT, #name); \
		return next arguments; \
	}

struct statfs;

WAITING(int, stat, (const char *path, struct stat *information), (path, information))
WAITING(int, lstat, (const char *path, struct stat *information), (path, information))
WAITING(int, statfs, (const char *path, struct statfs *information), (path, information))
WAITING(char *, realpath, (const char *path, char *resolved), (path, resolved))

int open(const char *path, int flags, ...)
{
	static int (*next)(const char *, int, ...);
	va_list rest;
	mode_t mode;

	va_start(rest, flags);
	mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
	va_end(rest);
	wait_for(path);
	if (!next)
		next = dlsym(RTLD_NEXT, "open");
	return next(path, flags, mode);
}
