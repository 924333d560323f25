/* libssh as a forwarding client: one thread, as the library wants it. */

#include "pairs.h"
#include <libssh/libssh.h>
#include <libssh/server.h>

struct pair {
    ssh_channel channel;
    int descriptor;
    int input_ended, output_ended;
};

static struct pair pairs[MOST_PAIRS];
static ssh_session session;

static void add(ssh_channel channel, int descriptor) {
    for (int i = 0; i < MOST_PAIRS; i++) {
        if (pairs[i].channel != NULL) continue;
        pairs[i] = (struct pair){.channel = channel, .descriptor = descriptor};
        return;
    }
    fail("pairs", "too many");
}

/* Returns whether something moved. */
static int move(struct pair *pair) {
    char piece[PIECE];
    int moved = 0;
    unsigned window = ssh_channel_window_size(pair->channel);
    if (!pair->input_ended && window > 0 && is_readable(pair->descriptor)) {
        ssize_t count = recv(pair->descriptor, piece, window < PIECE ? window : PIECE, 0);
        if (count > 0) {
            if (ssh_channel_write(pair->channel, piece, (uint32_t)count) != count)
                fail("write", ssh_get_error(session));
        } else {
            pair->input_ended = 1;
            ssh_channel_send_eof(pair->channel);
        }
        moved = 1;
    }
    if (!pair->output_ended) {
        int count = ssh_channel_read_nonblocking(pair->channel, piece, PIECE, 0);
        if (count > 0) {
            write_all(pair->descriptor, piece, (size_t)count);
            moved = 1;
        } else if (count == SSH_EOF || ssh_channel_is_eof(pair->channel)) {
            pair->output_ended = 1;
            shutdown(pair->descriptor, SHUT_WR);
            moved = 1;
        } else if (count == SSH_ERROR) {
            fail("read", ssh_get_error(session));
        }
    }
    if ((pair->input_ended && pair->output_ended) || ssh_channel_is_closed(pair->channel)) {
        ssh_channel_close(pair->channel);
        ssh_channel_free(pair->channel);
        close(pair->descriptor);
        *pair = (struct pair){0};
    }
    return moved;
}

static void log_in(const struct options *options) {
    ssh_key key;
    int port = options->port;
    session = ssh_new();
    ssh_options_set(session, SSH_OPTIONS_HOST, options->host);
    ssh_options_set(session, SSH_OPTIONS_PORT, &port);
    ssh_options_set(session, SSH_OPTIONS_USER, options->user);
    ssh_options_set(session, SSH_OPTIONS_KNOWNHOSTS, options->known_hosts);
    ssh_options_set(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
    ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &(int){0});
    if (options->rekey_bytes > 0) {
        uint64_t bytes = options->rekey_bytes;
        ssh_options_set(session, SSH_OPTIONS_REKEY_DATA, &bytes);
    }
    if (ssh_connect(session) != SSH_OK) fail("connect", ssh_get_error(session));
    if (ssh_session_is_known_server(session) != SSH_KNOWN_HOSTS_OK) fail("host key", ssh_get_error(session));
    if (ssh_pki_import_privkey_file(options->key, NULL, NULL, NULL, &key) != SSH_OK) fail("key", options->key);
    if (ssh_userauth_publickey(session, NULL, key) != SSH_AUTH_SUCCESS) fail("login", ssh_get_error(session));
    ssh_key_free(key);
}

int main(int count, char **words) {
    struct options options = parse(count, words);
    int listener = -1;
    double last_asked = seconds_now();
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("version %s\n", ssh_version(0));
    log_in(&options);
    if (options.remote_port > 0
        && ssh_channel_listen_forward(session, "localhost", options.remote_port, NULL) != SSH_OK)
        fail("listen", ssh_get_error(session));
    if (options.local_port > 0) listener = listen_on(options.local_port);
    puts("ready");
    while (ssh_is_connected(session)) {
        int moved = 0;
        int accepted = listener >= 0 ? accept(listener, NULL, NULL) : -1;
        if (accepted >= 0) {
            ssh_channel channel = ssh_channel_new(session);
            if (ssh_channel_open_forward(channel, options.target_host, options.target_port, "127.0.0.1", 1) != SSH_OK)
                fail("open", ssh_get_error(session));
            add(channel, accepted);
            moved = 1;
        }
        if (options.remote_port > 0) {
            int port;
            ssh_channel channel = ssh_channel_open_forward_port(session, 0, &port, NULL, NULL);
            if (channel != NULL) {
                add(channel, connect_to(options.target_port));
                moved = 1;
            }
        }
        for (int i = 0; i < MOST_PAIRS; i++)
            if (pairs[i].channel != NULL) moved |= move(&pairs[i]);
        if (options.ask_seconds > 0 && seconds_now() - last_asked > options.ask_seconds) {
            last_asked = seconds_now();
            if (ssh_send_keepalive(session) != SSH_OK) fail("keepalive", ssh_get_error(session));
        }
        if (!moved) {
            struct pollfd waits = {.fd = ssh_get_fd(session), .events = POLLIN};
            poll(&waits, 1, 2);
        }
    }
    fail("session", ssh_get_error(session));
}
