"""What running a model costs: latency, memory, FLOPs and energy, measured alone."""

from mmbench.latency.lock import alone
from mmbench.latency.memory import peak_bytes
from mmbench.latency.timing import Latency, measure, summarise

__all__ = ["Latency", "alone", "measure", "peak_bytes", "summarise"]
