"""Gives the Hub's clients in this process a home of their own, before any of them is imported.

They read these variables when they are imported; a test that uploads would otherwise write into the
user's caches, or use the user's token.
"""

import atexit
import os
import shutil
import tempfile

_FOLDER = tempfile.mkdtemp(prefix="sambodhan-hf-home-")
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)

for _name in ("HF_TOKEN", "HF_TOKEN_PATH", "HF_ENDPOINT", "HF_HUB_CACHE", "HF_XET_CACHE"):
    os.environ.pop(_name, None)
os.environ |= {
    "HF_HOME": _FOLDER,
    "HF_HUB_DISABLE_TELEMETRY": "1",
    # Else `build_definitions` sets it to the home of the first test.
    "TORCHINDUCTOR_CACHE_DIR": f"{_FOLDER}/torch",
}
