// floor CIPHER PORT: the least that a relay can do. Copies each connection to PORT through itself, and runs the cipher
// once over what it copies, in records as SSH has them. Prints its own port.
#define _GNU_SOURCE
#include "sockets.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <signal.h>

enum { piece = 1 << 20, record = 32 * 1024 };

static const EVP_CIPHER *cipher;

struct direction {
    int from, to;
};

static void check(int holds) {
    if (holds) return;
    fprintf(stderr, "floor: the cipher failed\n");
    exit(1);
}

// One key and one context for all, as a connection has them; a nonce for each record.
static void seal(EVP_CIPHER_CTX *context, uint64_t *nonce, const void *bytes, size_t count, unsigned char *sealed) {
    unsigned char vector[12] = {0}, tag[16];
    int length;
    ++*nonce;
    memcpy(vector + 4, nonce, sizeof *nonce);
    check(EVP_EncryptInit_ex(context, NULL, NULL, NULL, vector));
    check(EVP_EncryptUpdate(context, NULL, &length, vector, 4));
    check(EVP_EncryptUpdate(context, sealed, &length, bytes, (int)count));
    check(EVP_EncryptFinal_ex(context, tag, &length));
    check(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, sizeof tag, tag));
}

static void *copy(void *argument) {
    struct direction direction = *(struct direction *)argument;
    unsigned char key[32] = {1}, *bytes = malloc(piece), *sealed = malloc(piece);
    uint64_t nonce = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    check(bytes && sealed && context && EVP_EncryptInit_ex(context, cipher, NULL, key, NULL));
    ssize_t got;
    int isWhole = 1;
    while (isWhole && (got = recv(direction.from, bytes, piece, 0)) > 0) {
        for (size_t offset = 0; offset < (size_t)got; offset += record) {
            size_t left = (size_t)got - offset;
            seal(context, &nonce, bytes + offset, left < record ? left : record, sealed + offset);
        }
        // What goes on is what came: the other end has no key.
        isWhole = send_all(direction.to, bytes, (size_t)got);
    }
    shutdown(direction.to, SHUT_WR);
    EVP_CIPHER_CTX_free(context);
    free(bytes);
    free(sealed);
    return NULL;
}

static void *serve(void *argument) {
    struct direction forth = *(struct direction *)argument, back = {forth.to, forth.from};
    free(argument);
    pthread_t thread;
    if (pthread_create(&thread, NULL, copy, &back)) fail("thread");
    copy(&forth);
    pthread_join(thread, NULL);
    close(forth.from);
    close(forth.to);
    return NULL;
}

int main(int count, char **arguments) {
    if (count != 3) return 64;
    signal(SIGPIPE, SIG_IGN);
    is_unpaced = 1;
    cipher = EVP_CIPHER_fetch(NULL, arguments[1], NULL);
    check(cipher != NULL);
    int listener = listen_and_tell();
    for (;;) {
        struct direction *pair = malloc(sizeof *pair);
        if (!pair) fail("memory");
        pair->from = accept_from(listener);
        pair->to = connect_to(atoi(arguments[2]));
        pthread_t thread;
        if (pthread_create(&thread, NULL, serve, pair) || pthread_detach(thread)) fail("thread");
    }
}
