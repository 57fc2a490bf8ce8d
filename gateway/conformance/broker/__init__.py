"""The checks of a broker: the tester is author and subscriber. Each module goes on where the one before it ends.

authors      what an author is told
subscribers  what a subscriber gets, and may do
hostile      what strangers do, and what the broker is still there for afterwards
"""

from gateway.conformance.broker.hostile import BROKER

__all__ = ["BROKER"]
