"""Takes a developer's own settings out of the environment: no test meets their services."""

import os

from resources.profiles import Settings
from sambodhan_assets.label_tasks import LABEL_TASKS

_OF_TASKS = [
    name
    for name in os.environ
    if name.startswith(tuple(f"{task.name.upper()}_" for task in LABEL_TASKS))
]
for _name in [*(field.upper() for field in Settings.model_fields), *_OF_TASKS]:
    os.environ.pop(_name, None)
