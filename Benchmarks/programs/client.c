// client WHAT SOCKS SECONDS PORT...: the near end of the tunnels; one stream for each port. SOCKS is the port to ask a
// SOCKS proxy for, or 0. Prints one line of numbers.
// pull, push: move bytes for so long and wait until all have arrived. Bytes, nanoseconds.
// opens: connects, gets one byte and closes, over and over. Connections, nanoseconds.
// echo: 64 bytes there and back, over and over, 200 of them before it counts; on the first port alone.
//   Round trips, then nanoseconds at p50, p99, p99.9 and the greatest.
#define _GNU_SOURCE
#include "sockets.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

enum { piece = 1 << 20, echo_size = 64, warm_up = 200, most_echoes = 4 << 20 };

static int socks_port;
static int64_t duration, begin;
static char what;
static int file;
static pthread_barrier_t barrier;

static void expect(int holds, const char *text) {
    if (holds) return;
    fprintf(stderr, "%s\n", text);
    exit(1);
}

static int open_stream(int port) {
    int connection = connect_to(port);
    if (socks_port) {
        unsigned char request[10] = {5, 1, 0, 1, 127, 0, 0, 1, (unsigned char)(socks_port >> 8)}, answer[10];
        request[9] = (unsigned char)socks_port;
        int isGood = send_all(connection, "\5\1\0", 3) && receive_all(connection, answer, 2) && !answer[1];
        expect(isGood, "no SOCKS proxy");
        isGood = send_all(connection, request, 10) && receive_all(connection, answer, 10) && !answer[1];
        expect(isGood, "the SOCKS proxy refused");
    }
    expect(send_all(connection, &what, 1), "the tunnel ended at once");
    return connection;
}

static int64_t started(void) {
    pthread_barrier_wait(&barrier);
    return begin ? begin : nanoseconds();
}

static uint64_t pull(int connection) {
    int64_t end = started() + duration;
    uint64_t total = 0;
    int stopped = 0;
    ssize_t got;
    while ((got = recv(connection, NULL, piece, MSG_TRUNC)) > 0) {
        total += (uint64_t)got;
        if (!stopped && nanoseconds() >= end) stopped = send_all(connection, "S", 1);
    }
    expect(got == 0 && stopped, "the tunnel ended early");
    return total;
}

static uint64_t push(int connection) {
    int64_t end = started() + duration;
    uint64_t total = 0, arrived = 0;
    while (nanoseconds() < end) {
        off_t offset = 0;
        ssize_t put = sendfile(connection, file, &offset, 256 * 1024);
        expect(put > 0, "the tunnel ended early");
        total += (uint64_t)put;
    }
    shutdown(connection, SHUT_WR);
    expect(receive_all(connection, &arrived, sizeof arrived) && arrived == total, "bytes were lost");
    return total;
}

static uint64_t opens(int port) {
    int64_t end = started() + duration;
    uint64_t count = 0;
    for (; nanoseconds() < end; count++) {
        char answer;
        int connection = open_stream(port);
        expect(receive_all(connection, &answer, 1) && recv(connection, &answer, 1, 0) == 0, "a tunnel did not open");
        close(connection);
    }
    return count;
}

struct stream {
    pthread_t thread;
    int port;
    uint64_t result;
};

static void *run(void *argument) {
    struct stream *stream = argument;
    if (what == 'O') {
        stream->result = opens(stream->port);
    } else {
        int connection = open_stream(stream->port);
        stream->result = what == 'D' ? pull(connection) : push(connection);
        close(connection);
    }
    return NULL;
}

static int ascending(const void *first, const void *second) {
    uint32_t a = *(const uint32_t *)first, b = *(const uint32_t *)second;
    return (a > b) - (a < b);
}

static void echo(int port) {
    uint32_t *times = malloc(most_echoes * sizeof *times);
    if (!times) fail("memory");
    int connection = open_stream(port);
    char bytes[echo_size] = {0};
    int count = -warm_up;
    for (int64_t end = nanoseconds() + duration; count < 1 || (count < most_echoes && nanoseconds() < end); count++) {
        int64_t sent = nanoseconds();
        expect(send_all(connection, bytes, echo_size) && receive_all(connection, bytes, echo_size), "the echo ended");
        int64_t took = nanoseconds() - sent;
        if (count >= 0) times[count] = took > UINT32_MAX ? UINT32_MAX : (uint32_t)took;
    }
    qsort(times, (size_t)count, sizeof *times, ascending);
    int64_t p99 = (int64_t)count * 99 / 100, p999 = (int64_t)count * 999 / 1000;
    printf("%d %u %u %u %u\n", count, times[count / 2], times[p99], times[p999], times[count - 1]);
}

int main(int count, char **arguments) {
    expect(count > 4, "usage: client pull|push|opens|echo SOCKS SECONDS PORT...");
    signal(SIGPIPE, SIG_IGN);
    const char *name = arguments[1];
    what = !strcmp(name, "pull") ? 'D' : !strcmp(name, "push") ? 'U' : !strcmp(name, "opens") ? 'O' : 'E';
    socks_port = atoi(arguments[2]);
    duration = (int64_t)(atof(arguments[3]) * 1e9);
    int ports = count - 4;
    if (what == 'E') {
        echo(atoi(arguments[4]));
        return 0;
    }
    file = memfd_create("bytes", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, piece) < 0) fail("memfd");
    struct stream *streams = calloc((size_t)ports, sizeof *streams);
    if (!streams || pthread_barrier_init(&barrier, NULL, (unsigned)ports + 1)) fail("streams");
    for (int index = 0; index < ports; index++) {
        streams[index].port = atoi(arguments[4 + index]);
        if (pthread_create(&streams[index].thread, NULL, run, &streams[index])) fail("thread");
    }
    pthread_barrier_wait(&barrier);
    int64_t start = nanoseconds();
    uint64_t total = 0;
    for (int index = 0; index < ports; index++) {
        pthread_join(streams[index].thread, NULL);
        total += streams[index].result;
    }
    printf("%llu %lld\n", (unsigned long long)total, (long long)(nanoseconds() - start));
    return 0;
}
