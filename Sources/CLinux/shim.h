// Swift cannot call variadic C functions: one typed function for each use.
#include <malloc.h>  // malloc_trim and mallopt, which Swift's Glibc leaves out
#include <sys/prctl.h>

static inline int linux_become_subreaper(void) {
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}
