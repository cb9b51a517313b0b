"""What was sent where. The ledger decides; whoever publishes asks it first and tells it after.

A publication is an issue on its way through a channel to a destination, and there is one row for each, ever:
who has it in hand publishes, nobody else. Its deliveries, one for each part and recipient, go

    planned ─▶ sending ─▶ sent | failed | unknown

`sending` is on disk before the act, and what came of it after: a row that is found in `sending` when its
owner is gone becomes `unknown`, which only a person or a look at the platform can settle.
"""

from publisher.ledger.ledger import Ledger as Ledger
from publisher.ledger.models import Delivery as Delivery
from publisher.ledger.models import DeliveryCounts as DeliveryCounts
from publisher.ledger.models import DeliveryResult as DeliveryResult
from publisher.ledger.models import DeliveryState as DeliveryState
from publisher.ledger.models import Lease as Lease
from publisher.ledger.models import LeaseLostError as LeaseLostError
from publisher.ledger.models import PublicationKey as PublicationKey
from publisher.ledger.models import PublicationStatus as PublicationStatus
