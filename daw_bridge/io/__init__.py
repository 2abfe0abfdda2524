import os

# Before torch is loaded: its C++ side would announce on stderr, where a screen may be, that the kind of int8 programs
# will be retired. Errors still show.
os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
