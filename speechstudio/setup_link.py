"""`python -m speechstudio.setup_link`: print where the first account is made.

Nothing is printed once there is one. It is a path: the host is only known to
whoever opens it.
"""

from __future__ import annotations

import os

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "speechstudio.settings")
    django.setup()
    # Models cannot be imported earlier.
    from speechstudio.setup import setup_path

    path = setup_path()
    if path:
        print(path)


if __name__ == "__main__":
    main()
