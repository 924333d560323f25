// What every program here needs of sockets: they speak over loopback alone, and end at the first thing that goes wrong.
#ifndef SOCKETS_H
#define SOCKETS_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static inline void fail(const char *what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static inline struct sockaddr_in loopback(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static inline void without_delay(int socket) {
    int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// A program that sets it is spared the timers by which BBR, where it is the system's default, spaces out what is sent.
static int is_unpaced;

static inline void without_pacing(int socket) {
    if (is_unpaced) setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
}

static inline int connect_to(int port) {
    int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    without_pacing(connection);
    struct sockaddr_in address = loopback(port);
    if (connection < 0 || connect(connection, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");
    without_delay(connection);
    return connection;
}

// Listens on a port that the system chooses, and prints it.
static inline int listen_and_tell(void) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    without_pacing(listener);
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 4096) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) < 0)
        fail("listen");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

static inline int accept_from(int listener) {
    int connection;
    do connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    while (connection < 0 && (errno == EINTR || errno == ECONNABORTED));
    if (connection < 0) fail("accept");
    without_delay(connection);
    return connection;
}

// 0 if the connection ended first.
static inline int receive_all(int connection, void *bytes, size_t count) {
    for (size_t have = 0; have < count;) {
        ssize_t got = recv(connection, (char *)bytes + have, count - have, 0);
        if (got <= 0) return 0;
        have += (size_t)got;
    }
    return 1;
}

static inline int send_all(int connection, const void *bytes, size_t count) {
    for (size_t sent = 0; sent < count;) {
        ssize_t put = send(connection, (const char *)bytes + sent, count - sent, MSG_NOSIGNAL);
        if (put < 0) return 0;
        sent += (size_t)put;
    }
    return 1;
}

static inline int64_t nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

#endif
