/* libssh2 as a forwarding client: one thread, as the library wants it. */

#include "pairs.h"
#include <libssh2.h>

struct pair {
    LIBSSH2_CHANNEL *channel;
    int descriptor;
    int input_ended, output_ended;
};

static struct pair pairs[MOST_PAIRS];
static LIBSSH2_SESSION *session;

static void fail_with_session(const char *what) {
    char *why = NULL;
    libssh2_session_last_error(session, &why, NULL, 0);
    fail(what, why);
}

static void add(LIBSSH2_CHANNEL *channel, int descriptor) {
    for (int i = 0; i < MOST_PAIRS; i++) {
        if (pairs[i].channel != NULL) continue;
        pairs[i] = (struct pair){.channel = channel, .descriptor = descriptor};
        return;
    }
    fail("pairs", "too many");
}

static void write_to_channel(LIBSSH2_CHANNEL *channel, const char *bytes, size_t count) {
    libssh2_session_set_blocking(session, 1);
    while (count > 0) {
        ssize_t written = libssh2_channel_write(channel, bytes, count);
        if (written < 0) fail_with_session("write");
        bytes += written;
        count -= (size_t)written;
    }
    libssh2_session_set_blocking(session, 0);
}

/* Returns whether something moved. */
static int move(struct pair *pair) {
    char piece[PIECE];
    int moved = 0;
    unsigned long window = libssh2_channel_window_write(pair->channel);
    if (!pair->input_ended && window > 0 && is_readable(pair->descriptor)) {
        ssize_t count = recv(pair->descriptor, piece, window < PIECE ? window : PIECE, 0);
        if (count > 0) {
            write_to_channel(pair->channel, piece, (size_t)count);
        } else {
            pair->input_ended = 1;
            libssh2_session_set_blocking(session, 1);
            libssh2_channel_send_eof(pair->channel);
            libssh2_session_set_blocking(session, 0);
        }
        moved = 1;
    }
    if (!pair->output_ended) {
        ssize_t count = libssh2_channel_read(pair->channel, piece, PIECE);
        if (count > 0) {
            write_all(pair->descriptor, piece, (size_t)count);
            moved = 1;
        } else if (libssh2_channel_eof(pair->channel)) {
            pair->output_ended = 1;
            shutdown(pair->descriptor, SHUT_WR);
            moved = 1;
        } else if (count < 0 && count != LIBSSH2_ERROR_EAGAIN) {
            fail_with_session("read");
        }
    }
    if (pair->input_ended && pair->output_ended) {
        libssh2_session_set_blocking(session, 1);
        libssh2_channel_free(pair->channel);
        libssh2_session_set_blocking(session, 0);
        close(pair->descriptor);
        *pair = (struct pair){0};
    }
    return moved;
}

static void check_host_key(const struct options *options) {
    size_t length;
    int type;
    const char *key = libssh2_session_hostkey(session, &length, &type);
    LIBSSH2_KNOWNHOSTS *hosts = libssh2_knownhost_init(session);
    if (libssh2_knownhost_readfile(hosts, options->known_hosts, LIBSSH2_KNOWNHOST_FILE_OPENSSH) < 0)
        fail_with_session("known hosts");
    int answer = libssh2_knownhost_checkp(
        hosts, options->host, options->port, key, length, LIBSSH2_KNOWNHOST_TYPE_PLAIN | LIBSSH2_KNOWNHOST_KEYENC_RAW,
        NULL);
    if (answer != LIBSSH2_KNOWNHOST_CHECK_MATCH) fail("host key", "unknown");
    libssh2_knownhost_free(hosts);
}

static void log_in(const struct options *options) {
    char public_key[4096];
    snprintf(public_key, sizeof public_key, "%s.pub", options->key);
    int descriptor = connect_to(options->port);
    if (libssh2_init(0) != 0) fail("libssh2", "cannot begin");
    session = libssh2_session_init();
    libssh2_session_flag(session, LIBSSH2_FLAG_SIGPIPE, 1);
    if (libssh2_session_handshake(session, descriptor) != 0) fail_with_session("handshake");
    check_host_key(options);
    if (libssh2_userauth_publickey_fromfile(session, options->user, public_key, options->key, NULL) != 0)
        fail_with_session("login");
    if (options->ask_seconds > 0) libssh2_keepalive_config(session, 1, 1);
}

int main(int count, char **words) {
    struct options options = parse(count, words);
    LIBSSH2_LISTENER *remote = NULL;
    int listener = -1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("version %s\n", libssh2_version(0));
    log_in(&options);
    if (options.remote_port > 0) {
        remote = libssh2_channel_forward_listen_ex(session, "localhost", options.remote_port, NULL, 64);
        if (remote == NULL) fail_with_session("listen");
    }
    if (options.local_port > 0) listener = listen_on(options.local_port);
    libssh2_session_set_blocking(session, 0);
    puts("ready");
    for (;;) {
        int moved = 0, next;
        int accepted = listener >= 0 ? accept(listener, NULL, NULL) : -1;
        if (accepted >= 0) {
            libssh2_session_set_blocking(session, 1);
            LIBSSH2_CHANNEL *channel = libssh2_channel_direct_tcpip_ex(
                session, options.target_host, options.target_port, "127.0.0.1", 1);
            if (channel == NULL) fail_with_session("open");
            libssh2_session_set_blocking(session, 0);
            add(channel, accepted);
            moved = 1;
        }
        if (remote != NULL) {
            LIBSSH2_CHANNEL *channel = libssh2_channel_forward_accept(remote);
            if (channel != NULL) {
                add(channel, connect_to(options.target_port));
                moved = 1;
            } else if (libssh2_session_last_errno(session) != LIBSSH2_ERROR_EAGAIN) {
                fail_with_session("accept");
            }
        }
        for (int i = 0; i < MOST_PAIRS; i++)
            if (pairs[i].channel != NULL) moved |= move(&pairs[i]);
        if (options.ask_seconds > 0 && libssh2_keepalive_send(session, &next) != 0) fail_with_session("keepalive");
        if (!moved) poll(NULL, 0, 2);
    }
}
