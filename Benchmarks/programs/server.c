// server: what stands behind the tunnels. Prints its port. The first byte of a connection says what it is for:
// D: sends without end until the peer sends another byte, then ends.
// U: takes until the peer ends, then answers with the number of bytes, 8 of them.
// E: sends back what comes.
// O: answers with one byte and ends.
// It works as little as it can: it sends from a file in memory without copying, and throws away without copying.
#define _GNU_SOURCE
#include "sockets.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

enum { piece = 1 << 20 };

static int file;

static void pour(int connection) {
    char stop;
    for (;;) {
        off_t offset = 0;
        while (offset < piece)
            if (sendfile(connection, file, &offset, (size_t)(piece - offset)) <= 0) return;
        ssize_t got = recv(connection, &stop, 1, MSG_DONTWAIT);
        if (got >= 0 || errno != EAGAIN) return;
    }
}

static void take(int connection) {
    uint64_t total = 0;
    ssize_t got;
    while ((got = recv(connection, NULL, piece, MSG_TRUNC)) > 0) total += (uint64_t)got;
    send_all(connection, &total, sizeof total);
}

static void echo(int connection) {
    char bytes[4096];
    ssize_t got;
    while ((got = recv(connection, bytes, sizeof bytes, 0)) > 0)
        if (!send_all(connection, bytes, (size_t)got)) return;
}

static void *serve(void *argument) {
    int connection = (int)(intptr_t)argument;
    char what;
    if (receive_all(connection, &what, 1)) switch (what) {
        case 'D': pour(connection); break;
        case 'U': take(connection); break;
        case 'E': echo(connection); break;
        case 'O': send_all(connection, "!", 1); break;
        }
    close(connection);
    return NULL;
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    static unsigned char bytes[piece];
    uint32_t random = 1;
    for (size_t index = 0; index < piece; index++) {
        random = random * 1664525 + 1013904223;
        bytes[index] = (unsigned char)(random >> 24);
    }
    file = memfd_create("bytes", MFD_CLOEXEC);
    if (file < 0 || write(file, bytes, piece) != piece) fail("memfd");
    int listener = listen_and_tell();
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 128 * 1024);
    for (;;) {
        pthread_t thread;
        if (pthread_create(&thread, &attributes, serve, (void *)(intptr_t)accept_from(listener))) fail("thread");
    }
}
