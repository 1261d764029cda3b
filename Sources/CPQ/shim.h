#include <libpq-fe.h>
// libpq leaves waiting for its sockets to the program.
#include <sys/epoll.h>
#include <sys/eventfd.h>

// libpq prints notices to standard error unless told otherwise.
static inline void pq_ignore_notice(void *context, const PGresult *result) {
    (void)context;
    (void)result;
}

static inline void pq_silence(PGconn *connection) { PQsetNoticeReceiver(connection, pq_ignore_notice, 0); }
