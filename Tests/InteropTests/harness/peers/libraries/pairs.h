/* What the clients in C share: their command line, and the sockets at one end of each forward. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_PAIRS = 64, PIECE = 16384 };

struct options {
    const char *key, *known_hosts, *host, *user;
    int port;
    unsigned long long rekey_bytes;
    double ask_seconds;
    /* port:host:hostport; the ports are 0 without one. */
    int local_port, remote_port, target_port;
    char target_host[64];
};

static void fail(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static int parse_forward(struct options *options, const char *spec) {
    int port;
    if (sscanf(spec, "%d:%63[^:]:%d", &port, options->target_host, &options->target_port) != 3)
        fail("forward", spec);
    return port;
}

static struct options parse(int count, char **words) {
    struct options options = {0};
    int letter;
    while ((letter = getopt(count, words, "i:k:r:a:L:R:")) != -1) {
        switch (letter) {
        case 'i': options.key = optarg; break;
        case 'k': options.known_hosts = optarg; break;
        case 'r': options.rekey_bytes = strtoull(optarg, NULL, 10); break;
        case 'a': options.ask_seconds = atof(optarg); break;
        case 'L': options.local_port = parse_forward(&options, optarg); break;
        case 'R': options.remote_port = parse_forward(&options, optarg); break;
        default: exit(64);
        }
    }
    if (count - optind != 3) fail("usage", "host port user");
    options.host = words[optind];
    options.port = atoi(words[optind + 1]);
    options.user = words[optind + 2];
    return options;
}

static inline double seconds_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static struct sockaddr_in loopback(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static int connect_to(int port) {
    struct sockaddr_in address = loopback(port);
    int descriptor = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0)
        fail("connect", strerror(errno));
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return descriptor;
}

static int listen_on(int port) {
    struct sockaddr_in address = loopback(port);
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), yes = 1;
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) != 0 || listen(descriptor, 64) != 0)
        fail("listen", strerror(errno));
    return descriptor;
}

/* The traffic at the other end reads all the time, so that waiting for it is no harm. */
static void write_all(int descriptor, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = send(descriptor, bytes, count, MSG_NOSIGNAL);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return;
        bytes += written;
        count -= (size_t)written;
    }
}

static int is_readable(int descriptor) {
    struct pollfd readable = {.fd = descriptor, .events = POLLIN};
    return poll(&readable, 1, 0) > 0;
}
