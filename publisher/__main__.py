"""`python -m publisher` is `publish`."""

import sys

from publisher.cli.main import main

sys.exit(main())
