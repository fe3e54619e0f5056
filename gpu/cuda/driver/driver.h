// Loads the driver. Returns NULL, or what is wrong; then status is that of cuInit, or 0 where it was not called.
const char *llm4rec_driver_init(int *status);
