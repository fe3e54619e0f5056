#pragma once

// What the functions of FAISS's C API have in common here: every exception becomes a code, and its text the last error of the
// thread; objects that were made and not deleted are counted.

#include <faiss/c_api/error_c.h>
#include <faiss/impl/FaissException.h>

#include <atomic>
#include <cstdint>
#include <exception>
#include <string>

namespace llm4rec {

inline thread_local std::string last_error;
inline std::atomic<int64_t> live{0};

template <typename F> int guarded(F f) {
	try {
		f();
		return 0;
	} catch (faiss::FaissException &e) {
		last_error = e.what();
		return FAISS_EXCEPT;
	} catch (std::exception &e) {
		last_error = e.what();
		return STD_EXCEPT;
	} catch (...) {
		last_error = "unknown exception";
		return UNKNOWN_EXCEPT;
	}
}

template <typename T, typename H> void give(H **to, T *made) {
	live++;
	*to = reinterpret_cast<H *>(made);
}

template <typename T, typename H> void release(H *handle) {
	if (!handle) return;
	live--;
	delete reinterpret_cast<T *>(handle);
}

} // namespace llm4rec
