"""The record of what was sent where: asked before every send, updated after it.

A publication is one issue on one channel at one destination, and has exactly one row. Only the process that
holds its lease may deliver it. Its deliveries, one for each part and recipient, go

    planned ─▶ sending ─▶ sent | failed | unknown

`sending` is on disk before the send, the outcome after it. A planned delivery becomes `unlisted` while its
recipient is not on the list, and `dropped` when it is given up. A delivery that is still `sending` when its owner
is gone becomes `unknown`, which only a person or a request to the platform can resolve.
"""

from publisher.ledger.ledger import Ledger as Ledger
from publisher.ledger.models import Delivery as Delivery
from publisher.ledger.models import DeliveryCounts as DeliveryCounts
from publisher.ledger.models import DeliveryState as DeliveryState
from publisher.ledger.models import FewerRecipientsError as FewerRecipientsError
from publisher.ledger.models import Lease as Lease
from publisher.ledger.models import LeaseLostError as LeaseLostError
from publisher.ledger.models import PublicationKey as PublicationKey
from publisher.ledger.models import PublicationStatus as PublicationStatus
from publisher.ledger.models import Result as Result
