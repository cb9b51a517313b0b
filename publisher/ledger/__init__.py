"""What was sent where. The ledger decides; whoever publishes asks it first and tells it after.

A publication is an issue on its way through a channel to a destination, and there is one row for each, ever:
who has it in hand publishes, nobody else. Its deliveries, one for each part and recipient, go

    planned ─▶ sending ─▶ sent | failed | unknown

`sending` is on disk before the act, and what came of it after: a row that is found in `sending` when its
owner is gone becomes `unknown`, which only a person or a look at the platform can settle.
"""

from publisher.ledger.ledger import Ledger as Ledger
from publisher.ledger.models import Claim as Claim
from publisher.ledger.models import Counts as Counts
from publisher.ledger.models import Key as Key
from publisher.ledger.models import LostError as LostError
from publisher.ledger.models import Result as Result
from publisher.ledger.models import Standing as Standing
from publisher.ledger.models import State as State
from publisher.ledger.models import Task as Task
