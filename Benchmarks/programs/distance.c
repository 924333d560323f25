// distance MILLISECONDS PORT: a network that long, there and back. Copies each connection to PORT, every byte half that
// time after it came. It drops nothing and has no limit of rate: slow is whoever waits for answers. Prints its own port.
#define _GNU_SOURCE
#include "sockets.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>

// What may be under way in one direction: 1 GB/s at 200 ms needs 100 MB of it.
enum { piece = 128 * 1024, pieces = 4096 };

static int64_t delay;

struct piece {
    int64_t due;
    size_t count, sent;
    unsigned char *bytes;
};

struct direction {
    int from, to;
    struct piece queue[pieces];
    size_t first, waiting;
    int ended;
};

static void send_due(struct direction *direction) {
    while (direction->waiting) {
        struct piece *piece = &direction->queue[direction->first];
        if (piece->due > nanoseconds()) return;
        const unsigned char *rest = piece->bytes + piece->sent;
        ssize_t put = send(direction->to, rest, piece->count - piece->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put < 0 && errno != EAGAIN) direction->ended = 1;
        if (put < 0) return;
        piece->sent += (size_t)put;
        if (piece->sent < piece->count) return;
        free(piece->bytes);
        direction->first = (direction->first + 1) % pieces;
        direction->waiting--;
    }
}

static void receive(struct direction *direction) {
    while (direction->waiting < pieces) {
        unsigned char *bytes = malloc(piece);
        if (!bytes) fail("memory");
        ssize_t got = recv(direction->from, bytes, piece, MSG_DONTWAIT);
        if (got <= 0) {
            free(bytes);
            if (got == 0 || errno != EAGAIN) direction->ended = 1;
            return;
        }
        bytes = realloc(bytes, (size_t)got);
        struct piece new = {nanoseconds() + delay, (size_t)got, 0, bytes};
        direction->queue[(direction->first + direction->waiting++) % pieces] = new;
    }
}

static void *copy(void *argument) {
    struct direction *direction = argument;
    while (!direction->ended || direction->waiting) {
        int64_t left = direction->waiting ? direction->queue[direction->first].due - nanoseconds() : 0;
        struct timespec time = {left > 0 ? left / 1000000000 : 0, left > 0 ? left % 1000000000 : 0};
        struct pollfd both[2] = {{direction->from, POLLIN, 0}, {direction->to, POLLOUT, 0}};
        if (direction->ended || direction->waiting == pieces) both[0].fd = -1;
        int isDue = direction->waiting && left <= 0;
        if (!isDue) both[1].fd = -1;
        if (ppoll(both, 2, direction->waiting && !isDue ? &time : NULL, NULL) < 0) fail("poll");
        if (both[0].revents) receive(direction);
        size_t before = direction->waiting;
        send_due(direction);
        // Nobody takes it any more.
        if (direction->ended && both[1].revents & (POLLERR | POLLHUP) && before == direction->waiting) break;
    }
    shutdown(direction->to, SHUT_WR);
    for (; direction->waiting; direction->waiting--) {
        free(direction->queue[direction->first].bytes);
        direction->first = (direction->first + 1) % pieces;
    }
    return NULL;
}

static void *serve(void *argument) {
    struct direction *both = argument;
    pthread_t thread;
    if (pthread_create(&thread, NULL, copy, &both[1])) fail("thread");
    copy(&both[0]);
    pthread_join(thread, NULL);
    close(both[0].from);
    close(both[0].to);
    free(both);
    return NULL;
}

int main(int count, char **arguments) {
    if (count != 3) return 64;
    signal(SIGPIPE, SIG_IGN);
    delay = (int64_t)(atof(arguments[1]) * 1e6 / 2);
    int listener = listen_and_tell();
    for (;;) {
        struct direction *both = calloc(2, sizeof *both);
        if (!both) fail("memory");
        both[0].from = both[1].to = accept_from(listener);
        both[0].to = both[1].from = connect_to(atoi(arguments[2]));
        pthread_t thread;
        if (pthread_create(&thread, NULL, serve, both) || pthread_detach(thread)) fail("thread");
    }
}
