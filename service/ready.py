"""Whether the service can start here: ``python -m service.ready`` makes it once, and says why not.

For whoever starts several workers: a worker that cannot start would otherwise be started again and again.
"""

import sys

from data_contracts.errors import AanwezigError
from service.app import create_app


def main() -> None:
    """Make the application; end with the exit code of what is in the way."""
    try:
        create_app().state.installation.engine.dispose()
    except AanwezigError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
