#ifndef SSH_RELAY_CRESOLV_SHIM_H
#define SSH_RELAY_CRESOLV_SHIM_H

// Swift's Glibc module has neither header, and Swift cannot read their unions and macros.
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <string.h>

struct srv_record {
    unsigned short priority, weight, port;
    char target[NS_MAXDNAME];
};

// The SRV records (RFC 2782) that the system's name servers have for a name, with glibc's own parser. Blocks until they have answered.
// Returns how many there are, at most `capacity`, or -1 with h_errno's value in `failure`.
static inline int look_up_srv(const char *name, struct srv_record *records, int capacity, int *failure) {
    // The most that a name server can say.
    static __thread unsigned char answer[NS_MAXMSG];
    struct __res_state state;
    memset(&state, 0, sizeof state);
    *failure = NO_RECOVERY;
    if (res_ninit(&state) != 0) return -1;
    int length = res_nsearch(&state, name, ns_c_in, ns_t_srv, answer, sizeof answer);
    *failure = state.res_h_errno;
    res_nclose(&state);
    if (length < 0) return -1;
    if (length > (int) sizeof answer) length = sizeof answer;
    *failure = NO_RECOVERY;
    ns_msg message;
    if (ns_initparse(answer, length, &message) != 0) return -1;
    int count = 0;
    for (int index = 0; index < ns_msg_count(message, ns_s_an) && count < capacity; index++) {
        ns_rr record;
        if (ns_parserr(&message, ns_s_an, index, &record) != 0) return -1;
        if (ns_rr_type(record) != ns_t_srv || ns_rr_class(record) != ns_c_in || ns_rr_rdlen(record) < 7) continue;
        const unsigned char *data = ns_rr_rdata(record);
        struct srv_record *found = &records[count];
        found->priority = ns_get16(data);
        found->weight = ns_get16(data + 2);
        found->port = ns_get16(data + 4);
        if (ns_name_uncompress(ns_msg_base(message), ns_msg_end(message), data + 6, found->target, sizeof found->target) < 0)
            return -1;
        count++;
    }
    if (count == 0) *failure = NO_DATA;
    return count == 0 ? -1 : count;
}

#endif
