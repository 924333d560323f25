#ifndef SSH_RELAY_CBORINGSSL_SHIM_H
#define SSH_RELAY_CBORINGSSL_SHIM_H

// AES-GCM of the BoringSSL that is linked in with swift-crypto, whose own API costs two copies of each packet more.
// BoringSSL's headers define libcrypto's types once more, in another way: so these few functions are declared here.
// They are libcrypto's EVP functions under swift-crypto's prefix.
#include <stdint.h>

typedef struct boringssl_cipher BoringSSLCipherType;
typedef struct boringssl_cipher_context BoringSSLCipherContext;

#define BORINGSSL_GET_TAG 0x10
#define BORINGSSL_SET_TAG 0x11

const BoringSSLCipherType *CCryptoBoringSSL_EVP_aes_128_gcm(void);
const BoringSSLCipherType *CCryptoBoringSSL_EVP_aes_256_gcm(void);
BoringSSLCipherContext *CCryptoBoringSSL_EVP_CIPHER_CTX_new(void);
void CCryptoBoringSSL_EVP_CIPHER_CTX_free(BoringSSLCipherContext *context);
int CCryptoBoringSSL_EVP_CipherInit_ex(BoringSSLCipherContext *context, const BoringSSLCipherType *cipher, void *engine,
                                       const uint8_t *key, const uint8_t *initialization_vector, int encrypts);
int CCryptoBoringSSL_EVP_CipherUpdate(BoringSSLCipherContext *context, uint8_t *output, int *output_length,
                                      const uint8_t *input, int input_length);
int CCryptoBoringSSL_EVP_CipherFinal_ex(BoringSSLCipherContext *context, uint8_t *output, int *output_length);
int CCryptoBoringSSL_EVP_CIPHER_CTX_ctrl(BoringSSLCipherContext *context, int command, int argument, void *pointer);
void CCryptoBoringSSL_ERR_clear_error(void);

#endif
