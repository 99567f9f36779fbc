"""As much of the Kafka protocol as the tests need, by hand: what no client gives, and the pieces of bad requests. Groups:
wire.groups."""

from .batches import GZIP, batch
from .connection import Closed, Connection
from .forms import framed, request, string
from .requests import *  # noqa: F403: each of them is a request, or a number of the protocol
