// Swift cannot call variadic C functions: one typed function for each kind of argument.
#include <curl/curl.h>

static inline CURLcode curl_setopt_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode curl_setopt_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode curl_setopt_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode curl_setopt_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}

// The bytes are copied by libcurl. Without bytes the option is as if it had never been set.
static inline CURLcode curl_setopt_blob(CURL *handle, CURLoption option, const void *bytes, size_t count) {
    if (!bytes) return curl_easy_setopt(handle, option, (struct curl_blob *)0);
    struct curl_blob blob;
    blob.data = (void *)bytes;
    blob.len = count;
    blob.flags = CURL_BLOB_COPY;
    return curl_easy_setopt(handle, option, &blob);
}

typedef size_t (*curl_data_function)(char *data, size_t size, size_t count, void *userData);

static inline CURLcode curl_setopt_function(CURL *handle, CURLoption option, curl_data_function function) {
    return curl_easy_setopt(handle, option, function);
}

static inline CURLcode curl_getinfo_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLcode curl_getinfo_pointer(CURL *handle, CURLINFO info, void **value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLcode curl_getinfo_string(CURL *handle, CURLINFO info, const char **value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLMcode curl_multi_setopt_long(CURLM *handle, CURLMoption option, long value) {
    return curl_multi_setopt(handle, option, value);
}

static inline CURLcode curl_message_result(CURLMsg *message) { return message->data.result; }

// A macro that casts, which Swift does not see.
static const curl_socket_t CURL_SOCKET_TIMEOUT_VALUE = CURL_SOCKET_TIMEOUT;

static inline CURLMcode curl_multi_setopt_pointer(CURLM *handle, CURLMoption option, void *value) {
    return curl_multi_setopt(handle, option, value);
}

typedef int (*curl_socket_function)(CURL *easy, curl_socket_t socket, int what, void *userData, void *socketData);

static inline CURLMcode curl_multi_setopt_socket_function(CURLM *handle, curl_socket_function function) {
    return curl_multi_setopt(handle, CURLMOPT_SOCKETFUNCTION, function);
}

typedef int (*curl_timer_function)(CURLM *multi, long milliseconds, void *userData);

static inline CURLMcode curl_multi_setopt_timer_function(CURLM *handle, curl_timer_function function) {
    return curl_multi_setopt(handle, CURLMOPT_TIMERFUNCTION, function);
}
