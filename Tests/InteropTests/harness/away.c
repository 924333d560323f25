/* Put before libc: the name servers of AWAY_NAME do not answer. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
	static int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	const char *away = getenv("AWAY_NAME");

	if (away && name && strcmp(name, away) == 0)
		return EAI_AGAIN;
	if (!next)
		next = dlsym(RTLD_NEXT, "getaddrinfo");
	return next(name, service, hints, found);
}
